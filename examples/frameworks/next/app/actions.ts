"use server";
import { redirect } from "next/navigation";
import { withSession } from "../session";

export async function login(form: FormData) {
  // In place of your own check of a password.
  const user = String(form.get("user"));
  await withSession((session) => session.login(user, { keep: ["visits"] }));
  redirect("/");
}

export async function logout() {
  await withSession((session) => session.logout());
  redirect("/");
}
