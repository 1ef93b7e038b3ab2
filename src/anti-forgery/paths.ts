import { describe, misconfigured } from "../core/options.ts";

/** Whether a list of places has one that this request goes to. */
type PathMatcher = (method: string, path: string) => boolean;

interface Place {
  readonly method: string | undefined;
  readonly path: string;
  /** Whether it stands for all paths below it, too. */
  readonly isFolder: boolean;
}

const PLACE = /^(?:([A-Z]+) )?(\/[\x21-\x7e]*?)(\/?\*)?$/;

/** A query, parameters, ways out of a folder, stars elsewhere: nothing of that is understood. */
const MISTAKEN = /[?#*{\\]|\/:|\/\.{1,2}(?:\/|$)/;

/** What a router may take for a way out of the folder. */
const AMBIGUOUS = /\/\.{1,2}(?:\/|$)|\/\/|\\|%(?:2e|2f|5c|25)/i;

/**
 * Reads a list of places such as `"/webhooks/stripe"`, `"POST /saml/acs"` or `"/api/*"`. Throws `ERR_SESSION_CONFIG`.
 */
function readPlaces(name: string, list: readonly string[] = []): readonly Place[] {
  if (!Array.isArray(list)) {
    throw misconfigured(`antiForgery: ${name} must be a list of paths, not ${describe(list)}.`);
  }
  return list.map((each: unknown) => {
    const match = typeof each === "string" ? PLACE.exec(each) : null;
    const [, method, path = "", star] = match ?? [];
    if (match === null || MISTAKEN.test(path) || (star === "*" && path !== "/")) {
      throw misconfigured(
        `antiForgery: ${name} must hold paths as they are sent, such as "/webhooks/stripe", "POST /saml/acs" or "/api/*", ` +
          `without a query or parameters and with a star at the end alone, not ${describe(each)}.`,
      );
    }
    return { method, path: star === "*" ? "" : path, isFolder: star !== undefined };
  });
}

/**
 * For what lets requests through: a path counts where it is spelt exactly as in the list, because a router may take
 * another spelling for another route.
 */
export function matchExactly(name: string, list: readonly string[] | undefined): PathMatcher {
  const places = readPlaces(name, list);
  return (method, path) =>
    places.some((place) => {
      if (place.method !== undefined && place.method !== method) return false;
      if (place.isFolder) return path.startsWith(`${place.path}/`) && !AMBIGUOUS.test(path);
      return path === place.path;
    });
}

/** For what holds requests up: a path counts in every reading that a router may have of it. */
export function matchLoosely(name: string, list: readonly string[] | undefined): PathMatcher {
  const places = readPlaces(name, list).map((place) => ({
    ...place,
    path: normalized(place.path, true),
  }));
  const other = places.find(({ method }) => method !== undefined && !GETTING.includes(method));
  if (other !== undefined) {
    throw misconfigured(
      `antiForgery: ${name} is about GET, and HEAD with it; ${other.method} is protected anyway. Leave the method out.`,
    );
  }
  return (_method, path) => {
    if (places.length === 0) return false;
    const readings = readingsOf(path);
    // Routers answer HEAD with what they have for GET, so neither is told from the other.
    return places.some((place) =>
      readings.some((each) => each === place.path || (place.isFolder && isBelow(each, place.path))),
    );
  };
}

const GETTING = ["GET", "HEAD"];

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

/** Decoded or not, with dots followed or not, with what comes behind a semicolon or without. */
function readingsOf(path: string): readonly string[] {
  const [bare = path] = path.split(";", 1);
  const spellings = new Set([path, bare, decoded(path), decoded(bare)]);
  return [...spellings].flatMap((each) => [normalized(each, false), normalized(each, true)]);
}

/** In small letters, without doubled slashes and one at the end. */
function normalized(path: string, followsDots: boolean): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll("\\", "/").toLowerCase().split("/")) {
    if (followsDots && segment === "..") kept.pop();
    else if (segment !== "" && !(followsDots && segment === ".")) kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

/** As far as it goes: some routers decode what they can, and leave the rest. */
function decoded(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}
