import { redirect } from "react-router";
import { sessionContext } from "../session";
import type { Route } from "./+types/login";

export function action({ context, request }: Route.ActionArgs) {
  // In place of your own check of a password.
  const user = new URL(request.url).searchParams.get("user") ?? "ada";
  context.get(sessionContext).login(user, { keep: ["visits"] });
  return redirect("/", 303);
}
