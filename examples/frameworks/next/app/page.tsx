import { readSession } from "../session";
import { login, logout } from "./actions";

export default async function Page() {
  const session = await readSession();
  const { subject = "stranger" } = session;
  return (
    <>
      <p>{`Hello ${subject}, visit ${session.get("visits")}`}</p>
      <form action={session.subject === undefined ? login : logout}>
        <input name="user" defaultValue="ada" />
        <button type="submit">Log in or out</button>
      </form>
    </>
  );
}
