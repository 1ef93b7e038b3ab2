import { CASE_NAMES, CASES } from "../parts/cases.ts";
import type { Subject } from "../subjects/subject.ts";
import { figure, spread, table, titleOf } from "./figures.ts";
import type { Measurements, PartName } from "./measurements.ts";

const SECTIONS: { readonly [Name in PartName]: (measured: Measurements[Name]) => string } = {
  inProcess,
  allocations,
  http,
  commands,
  memory,
  imports,
  growth,
  sweep,
};

/** What the page says of one part of a run, if that was measured. */
export function sectionOf<Name extends PartName>(
  name: Name,
  measurements: Partial<Measurements>,
): string | undefined {
  const measured: Measurements[Name] | undefined = measurements[name];
  return measured === undefined ? undefined : SECTIONS[name](measured);
}

function inProcess({ times, floors }: Measurements["inProcess"]): string {
  const rows = Array.from(times, ([subject, cases]) => [
    name(subject),
    subject.framework,
    ...CASE_NAMES.map((each) => spread(cases[each])),
    lacksOf(subject),
  ]);
  return `## In one process

Microseconds of processor time a request, above the bare framework in the same process; a session of 300 bytes, 32 requests
in flight, 512 visitors. With a database the client's work is in it, and the server's is not.

![read one key](benchmarks/read.svg)
![change one key](benchmarks/change.svg)

${table(["", "framework", ...CASE_NAMES.map((each) => CASES[each].title), "what it does not do"], rows)}

The same work without a library: open ${spread(floors.open)} µs (base64url, XChaCha20-Poly1305, \`JSON.parse\`), seal ${spread(floors.seal)} µs,
a round trip of the same client to Valkey ${spread(floors.valkey)} µs and to PostgreSQL ${spread(floors.postgres)} µs of processor time.`;
}

function allocations({ keepsake, expressSession }: Measurements["allocations"]): string {
  return `A request without a cookie that leaves the session alone allocates ${count(Math.round(keepsake))} bytes in Express above the bare framework;
with express-session ${count(Math.round(expressSession))}.`;
}

function http({ shares, busy }: Measurements["http"]): string {
  const rows = Array.from(shares, ([subject, { read, change }]) => [
    name(subject),
    subject.framework,
    spread(read),
    spread(change),
    figure(busy.get(subject) ?? Number.NaN),
    lacksOf(subject),
  ]);
  return `## Over HTTP

Requests a second as a share of those of the bare framework, which is measured right before and after. The server has a
processor of its own; what sends the requests has the other, and the databases share both. A bare framework may answer faster than
requests can be sent: then it counts with what it would answer if it always had one. A server that was not busy waited for its
database, or for requests.

![Requests a second](benchmarks/http.svg)

${table(["", "framework", "read", "change", "server busy at least", "what it does not do"], rows)}`;
}

function commands({ perRequest, touches }: Measurements["commands"]): string {
  const rows = Array.from(perRequest, ([subject, { read, change }]) => [
    name(subject),
    subject.framework,
    figure(read),
    figure(change),
    lacksOf(subject),
  ]);
  return `## Commands at the database

Counted on the wire. A change is a read and a write.

${table(["", "framework", "read", "change", "what it does not do"], rows)}

keepsake writes that a session was used once in a tenth of its idle timeout: of a session that is read a hundred times in an
idle timeout ${figure(touches.valkey.busy * 100)} % of the reads touch it in Valkey and ${figure(touches.postgres.busy * 100)} % in PostgreSQL.`;
}

function memory(bytes: Measurements["memory"]): string {
  const rows = Object.entries(bytes).map(([store, value]) => [
    store === "map" ? "a `Map` of id to JSON text" : store,
    figure(value),
  ]);
  return `## Memory of a live session

Bytes of a session of 300 bytes in the memory store, with all that is kept beside it.

![Bytes](benchmarks/memory.svg)

${table(["", "bytes"], rows)}`;
}

function imports({ times, sizes }: Measurements["imports"]): string {
  const timeRows = Object.entries(times).map(([set, time]) => [set, spread(time)]);
  const sizeRows = Object.entries(sizes).map(([set, size]) => [set, figure(size / 1000)]);
  return `## Import and size

${table(["imported in a fresh process", "ms"], timeRows)}

${table(["installed, with dependencies", "KB"], sizeRows)}`;
}

function growth(stores: Measurements["growth"]): string {
  const rows = Object.entries(stores).map(([store, { few, many, read, change }]) => [
    store,
    count(few),
    count(many),
    spread(read),
    spread(change),
  ]);
  return `## Growth

What a visit costs among many sessions, as a multiple of what it costs among few. Both stores are visited by turns, by
5,000 visitors who began while it grew:

${table(["store", "few", "many", "read", "change"], rows)}`;
}

function sweep(stores: Measurements["sweep"]): string {
  const rows = Object.entries(stores).map(([store, { expired, before, during, seconds }]) => [
    store,
    count(expired),
    spread(before),
    spread(during),
    figure(seconds),
  ]);
  return `## Sweep

The 99th percentile of live traffic, 1,000 requests a second in Express, without a sweep and beside one that removes all expired
sessions. A request counts from the moment it was due. Where the sweep takes longer than it is watched, its time is what the rest
would have taken at that pace. Valkey needs no sweep.

${table(["store", "expired", "ms without", "ms beside", "seconds the sweep took"], rows)}`;
}

function name(subject: Subject): string {
  return subject.kind === "ours" ? `**${titleOf(subject)}**` : titleOf(subject);
}

function lacksOf({ lacks }: Subject): string {
  return lacks.join("; ");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
