import * as actions from "./actions";
import { readSession } from "./sessions";

export default async function Page() {
  const [session, other] = await Promise.all([readSession(), readSession()]);
  const { subject = null } = session;
  const state = { subject, note: session.get("note", ""), once: session === other };
  return (
    <>
      <output>{JSON.stringify(state)}</output>
      {Object.entries(actions).map(([name, action]) => (
        <form key={name} id={name} action={action} />
      ))}
    </>
  );
}
