import { redirect } from "@sveltejs/kit";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = ({ url, locals }) => {
  // In place of your own check of a password.
  locals.session.login(url.searchParams.get("user") ?? "ada", { keep: ["visits"] });
  redirect(303, "/");
};
