import type { APIRoute } from "astro";

export const POST: APIRoute = ({ url, locals, redirect }) => {
  // In place of your own check of a password.
  locals.session.login(url.searchParams.get("user") ?? "ada", { keep: ["visits"] });
  return redirect("/", 303);
};
