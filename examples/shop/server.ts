import type { AddressInfo } from "node:net";
import { createShop } from "./app.ts";

const wanted = process.env.PORT || "3000";

const server = createShop().listen(Number(wanted), "127.0.0.1", (error) => {
  if (error) {
    console.error(`The shop cannot open: ${error.message}. Try another port: PORT=3001 npm start`);
    process.exitCode = 1;
    return;
  }
  const { port } = server.address() as AddressInfo;
  console.log(`The shop is open: http://localhost:${port}`);
});

const close = (): void => {
  server.close();
  // Browsers keep connections open that nothing is said on any more.
  server.closeAllConnections();
};
process.once("SIGTERM", close);
process.once("SIGINT", close);
