import { redirect } from "react-router";
import { sessionContext } from "../session";
import type { Route } from "./+types/logout";

export function action({ context }: Route.ActionArgs) {
  context.get(sessionContext).logout();
  return redirect("/", 303);
}
