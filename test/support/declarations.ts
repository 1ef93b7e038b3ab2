import { isIdentifier, type Node } from "typescript/unstable/ast";
import {
  API,
  type Checker,
  type Symbol as NamedSymbol,
  SymbolFlags,
} from "typescript/unstable/sync";
import { ROOT } from "./repository.ts";

/** Something that an entry of the package exports, as its built declarations have it. */
export interface Declaration {
  /** The name, and the file that declares it: the same, whichever entry exports it. */
  readonly id: string;
  /** The types of this package that it names. */
  readonly types: readonly string[];
  /** What is written above it. */
  readonly comment: string;
}

const DIST = `${ROOT}dist/`;
const TYPE = SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias | SymbolFlags.Enum;

/** What each of some files of `dist` exports. */
export function declarationsIn(files: readonly string[]): ReadonlyMap<string, Declaration[]> {
  const api = new API({ cwd: ROOT });
  try {
    const snapshot = api.updateSnapshot({ openFiles: files.map((file) => `${DIST}${file}`) });
    return new Map(
      files.map((file) => {
        const project = snapshot.getDefaultProjectForFile(`${DIST}${file}`);
        const source = project?.program.getSourceFile(`${DIST}${file}`);
        if (project === undefined || source === undefined) throw new Error(`There is no ${file}.`);
        const { checker } = project;
        const entry = checker.getSymbolAtLocation(source);
        const exported = entry === undefined ? [] : checker.getExportsOfModule(entry);
        return [file, exported.map((symbol) => declarationOf(originOf(symbol, checker), checker))];
      }),
    );
  } finally {
    api.close();
  }
}

function declarationOf(symbol: NamedSymbol, checker: Checker): Declaration {
  const identifiers = symbol.declarations.flatMap((handle) => identifiersIn(handle.resolve()));
  const types = checker
    .getSymbolAtLocation(identifiers)
    .flatMap((named) => (named === undefined ? [] : originOf(named, checker)))
    .filter((named) => (named.flags & TYPE) !== 0 && fileOf(named).startsWith(DIST));
  return {
    id: idOf(symbol),
    types: [...new Set(types.map(idOf))],
    comment: checker.getDocumentationCommentOfSymbol(symbol),
  };
}

/** What an import or an export leads to in the end. */
function originOf(symbol: NamedSymbol, checker: Checker): NamedSymbol {
  return (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function idOf(symbol: NamedSymbol): string {
  return `${symbol.name} (${fileOf(symbol).slice(DIST.length)})`;
}

function fileOf(symbol: NamedSymbol): string {
  return symbol.declarations[0]?.path ?? "";
}

function identifiersIn(node: Node | undefined): Node[] {
  const found: Node[] = [];
  const visit = (each: Node): void => {
    if (isIdentifier(each)) found.push(each);
    each.forEachChild(visit);
  };
  if (node !== undefined) visit(node);
  return found;
}
