import { SessionError } from "keepsake";
import { readSession, withSession } from "../sessions";

async function codeOf(change: () => unknown) {
  try {
    return await change();
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

/** Does what a component cannot. */
export default async function Page() {
  const session = await readSession();
  const codes = [
    await codeOf(() => session.set("note", "from a component")),
    await codeOf(() => withSession((each) => each.set("note", "from a component"))),
  ];
  return <output>{JSON.stringify(codes)}</output>;
}
