import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ locals: { session } }) => {
  session.modify("visits", (visits = 0) => visits + 1);
  return { user: session.subject ?? "stranger", visits: session.get("visits") };
};
