import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createShop } from "./app.ts";
import { openSessions } from "./sessions.ts";

async function open(): Promise<void> {
  const sessions = await openSessions();
  const server = createShop(sessions).listen(Number(process.env.PORT || "3000"), "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.close(() => void sessions.close());
    // Browsers keep connections open that nothing is said on any more.
    server.closeAllConnections();
  };
  process.once("SIGTERM", close);
  process.once("SIGINT", close);
  const { port } = server.address() as AddressInfo;
  console.log(`The shop is open: http://localhost:${port}`);
  console.log(`It keeps sessions ${sessions.place}.`);
}

await open().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const advice = isTaken ? " Try another port: PORT=3001 npm start" : "";
  console.error(`The shop cannot open: ${message.replace(/\.$/, "")}.${advice}`);
  process.exit(1);
});
