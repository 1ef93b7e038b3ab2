// Sends requests to a server, as many as it answers, or so many a second.
import { HEADERS } from "../drivers/host.ts";
import { Connection } from "../harness/http-client.ts";
import { IN_FLIGHT } from "../harness/lanes.ts";
import { type Input, numberOf, textOf, textsOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { quantile } from "../harness/statistics.ts";

function requestsOf(input: Input): readonly Buffer[] {
  const path = textOf(input, "path");
  const headers = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  return textsOf(input, "cookies").map((cookie) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\n${headers.join("")}cookie: ${cookie}\r\n\r\n`),
  );
}

/** As many requests as are answered within a time, 32 at a time: no two of one visitor. */
async function load(input: Input) {
  const requests = requestsOf(input);
  const connections = connect(input);
  const start = performance.now();
  const end = start + numberOf(input, "milliseconds");
  let count = 0;
  const lane = async (connection: Connection, place: number) => {
    for (let index = place; performance.now() < end; index += IN_FLIGHT) {
      await connection.send(requests[index % requests.length] ?? "");
      count += 1;
    }
  };
  await Promise.all(connections.map(lane));
  const seconds = (performance.now() - start) / 1000;
  for (const connection of connections) connection.close();
  return { count, seconds };
}

/** So many requests a second for a time, whether the last ones were answered or not: how long each took, in milliseconds. */
async function pace(input: Input) {
  const requests = requestsOf(input);
  const connections = connect(input);
  const free = [...connections];
  const waiting: number[] = [];
  const latencies: number[] = [];
  const rate = numberOf(input, "rate") / 1000;
  const total = Math.round(rate * numberOf(input, "milliseconds"));
  const start = performance.now();
  let begun = 0;
  let place = 0;
  const underWay = new Set<Promise<void>>();
  const dispatch = (): void => {
    for (let connection = free.pop(); connection !== undefined; connection = free.pop()) {
      const due = waiting.shift();
      if (due === undefined) {
        free.push(connection);
        return;
      }
      const work = exchange(connection, due);
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    }
  };
  const exchange = async (connection: Connection, due: number): Promise<void> => {
    place += 1;
    await connection.send(requests[place % requests.length] ?? "");
    latencies.push(performance.now() - due);
    free.push(connection);
    dispatch();
  };
  while (begun < total) {
    const due = Math.min(total, (performance.now() - start) * rate);
    for (; begun < due; begun += 1) waiting.push(start + begun / rate);
    dispatch();
    // Not by a timer: what that is late by would be added to every latency, and hide what is looked for.
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (underWay.size > 0) await Promise.all(underWay);
  for (const connection of connections) connection.close();
  latencies.sort((a, b) => a - b);
  return { count: latencies.length, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

function connect(input: Input): Connection[] {
  const port = numberOf(input, "port");
  return Array.from({ length: IN_FLIGHT }, () => new Connection(port));
}

serve({ load, pace });
