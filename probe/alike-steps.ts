import type { Step } from "./alike-kit.ts";

const get = (path: string): Step => ({ method: "GET", path });
const head = (path: string): Step => ({ method: "HEAD", path });
const post = (path: string, body = ""): Step => ({ method: "POST", path, body });
/** A request that changes the session, the same as HEAD, and one that does not use it. */
const eachWay = (path: string): Step[] => [
  get(`${path}?key=k&value=${encodeURIComponent(path)}`),
  head(`${path}?key=k&value=head-${encodeURIComponent(path)}`),
  get(path),
];

const STATUSES = [200, 201, 204, 205, 304, 400, 404, 409, 500, 503];

/** Every route of the probe, in its variants. */
export const EVERY_ROUTE: readonly Step[] = [
  get("/healthz"),
  get("/read"),
  head("/read"),
  get("/count"),
  head("/count"),
  get("/count"),
  post("/set", '{"a":[1]}'),
  post("/set", "no JSON"),
  post("/push?key=a&value=2"),
  post("/delete?key=count"),
  post("/flash?key=f&value=1"),
  get("/read"),
  get("/read"),
  post("/clear"),
  ...["/redirect", "/stream", "/late", "/events", "/hints"].flatMap(eachWay),
  ...["/own-cookie", "/own-cookies", "/public"].flatMap(eachWay),
  ...STATUSES.flatMap((status) => eachWay(`/status/${status}`)),
  get("/throw"),
  get("/throw?key=k&value=v"),
  head("/throw?key=k&value=v"),
  get("/state"),
  get("/large?size=100"),
  get("/large?size=5000"),
  get("/large?size=200000"),
  get("/unstorable"),
  post("/login"),
  post("/login?user=ada&keep=k"),
  get("/sessions"),
  post("/revoke?id=x"),
  post("/revoke-others"),
  post("/regenerate"),
  // Its answer is lost, so what follows has a token that is none any more.
  { ...post("/login?user=eve"), loses: true },
  get("/count"),
  get("/read"),
  post("/logout"),
  post("/login?user=ada"),
  post("/logout?status=500"),
  post("/login?user=ada"),
  post("/logout?size=200000"),
  post("/login?user=ada"),
  post("/destroy"),
  get("/read"),
  get("/form"),
  post("/form"),
  get("/nowhere"),
  post("/nowhere"),
  { method: "PUT", path: "/read", body: "x" },
  { method: "OPTIONS", path: "/read" },
  { ...get("/own-cookie"), headers: { "if-none-match": "*" } },
  { ...get("/own-cookie"), headers: { range: "bytes=0-1" } },
];

/** One route of each kind. */
export const SOME_ROUTES: readonly Step[] = [
  get("/healthz"),
  get("/read"),
  get("/count"),
  head("/count"),
  post("/login?user=ada"),
  get("/own-cookies?key=k&value=v"),
  get("/redirect?key=k&value=v"),
  get("/events?key=k&value=v"),
  get("/hints?key=k&value=v"),
  get("/status/204?key=k&value=v"),
  get("/status/304?key=k&value=v"),
  get("/public?key=k&value=v"),
  get("/throw?key=k&value=v"),
  post("/logout"),
  get("/read"),
];

/** The last names two sessions. */
export const TWO_TOKENS: readonly Step[] = [
  { ...get("/count"), headers: { "x-session-id": "" } },
  post("/login?user=ada"),
  { ...get("/count"), repeats: "x-session-id" },
];
