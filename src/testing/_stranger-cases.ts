import type { SceneCase } from "./_scene.ts";
import { equal, ok } from "./check.ts";
import type { Visitor } from "./visitor.ts";

/** What `GET /read` answers. */
export interface ReadAnswer {
  readonly data: Record<string, unknown>;
  readonly id: string;
  readonly isNew: boolean;
  readonly subject: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export const read = (visitor: Visitor): Promise<ReadAnswer> => visitor.read<ReadAnswer>("/read");

export const strangerCases: readonly SceneCase[] = [
  [
    "invariant 1, nothing for strangers: reading, clearing, logging out and doing nothing set no token",
    async ({ newVisitor, carriesToken }) => {
      const visitor = newVisitor();
      for (const path of ["/healthz", "/read", "/status/200", "/status/404"]) {
        const response = await visitor.get(path);
        ok(!carriesToken(response), `GET ${path} set a token`);
      }
      for (const path of ["/clear", "/delete?key=none", "/logout", "/destroy", "/regenerate"]) {
        const response = await visitor.post(path);
        ok(!carriesToken(response), `POST ${path} set a token`);
      }
      equal((await read(visitor)).isNew, true, "isNew");
    },
  ],
  [
    "invariant 2, strict: a token that the server did not issue is never adopted",
    async ({ newVisitor, tokenOf, transport }) => {
      const genuine = newVisitor();
      await genuine.post("/set", { a: 1 });
      const token = tokenOf(genuine) ?? "";
      ok(token.length > 20, "there is a token to forge");
      const forged = [
        "x",
        "a.b.c",
        "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        `${token}A`,
        token.slice(1),
        token.replace(/.$/, (last) => (last === "A" ? "Q" : "A")),
        token.toUpperCase(),
      ];
      for (const each of forged) {
        ok(each !== token, "a forged token is the genuine one");
        const visitor = newVisitor();
        visitor.hold(transport.name, each);
        equal((await read(visitor)).data, {}, "what a forged token shows");
        await visitor.post("/set", { b: 2 });
        const issued = tokenOf(visitor) ?? "";
        ok(issued !== each && issued !== token, "a forged token was adopted");
        equal((await read(visitor)).data, { b: 2 }, "the new session");
      }
      equal((await read(genuine)).data, { a: 1 }, "the genuine session");
    },
  ],
  [
    "requirement 96, no state between requests: fifty visitors at once see their own sessions",
    async ({ newVisitor }) => {
      const visitors = Array.from({ length: 50 }, (_, index) => ({ index, visitor: newVisitor() }));
      await Promise.all(
        visitors.map(async ({ index, visitor }) => {
          await visitor.post("/set", { owner: index });
          for (let round = 0; round < 3; round += 1) {
            equal((await read(visitor)).data, { owner: index }, "the owner's data");
          }
        }),
      );
    },
  ],
];
