import { sessionContext } from "../session";
import type { Route } from "./+types/home";

export function loader({ context }: Route.LoaderArgs) {
  const session = context.get(sessionContext);
  session.modify("visits", (visits = 0) => visits + 1);
  return { user: session.subject ?? "stranger", visits: session.get("visits") };
}

export default function Home({ loaderData: { user, visits } }: Route.ComponentProps) {
  return <p>{`Hello ${user}, visit ${visits}`}</p>;
}
