import { ServerGroup } from "../../scripts/services/server-group.ts";
import { valkeyServer } from "../../scripts/services/valkey.ts";
import { startNode } from "../../scripts/services/valkey-node.ts";

// Shared by tests that do to a server what nobody may do to one that others use; it has none of its own.

/** A Valkey of one's own, which ends with the process at the latest. */
export async function startServer(port?: number) {
  const group = await ServerGroup.open();
  const { url } = await startNode(group, { program: await valkeyServer(), port });
  return { url, stop: () => group.stop() };
}
