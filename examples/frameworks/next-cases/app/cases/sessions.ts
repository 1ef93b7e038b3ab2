import { MemorySessionRepository, ServerSessionStore } from "keepsake";
import { sessions } from "keepsake/adapters/next";
import { cookies, headers } from "next/headers";

interface Data {
  note: string;
}

// Pages and route handlers are bundled apart, each with a copy of this module: only what is global is shared.
const shared = globalThis as typeof globalThis & { repository?: MemorySessionRepository };
shared.repository ??= new MemorySessionRepository();

const store = new ServerSessionStore<Data>(shared.repository, {
  cookie: { name: "cases", persistent: true, partitioned: true, sameSite: "strict" },
});

export const { readSession, withSession, route } = sessions(store, { cookies, headers });
