"use server";
import { cookies } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { withSession } from "./sessions";

export async function login() {
  await withSession((session) => session.login("ada"));
}

export async function write() {
  await withSession((session) => session.set("note", "first"));
  await withSession((session) => session.set("note", `${session.get("note")}, second`));
}

export async function writeAndRedirect() {
  await withSession((session) => {
    session.set("note", "redirected");
    redirect("/cases");
  });
}

export async function writeAndNotFound() {
  await withSession((session) => {
    session.set("note", "not found");
    notFound();
  });
}

export async function writeAndFail() {
  await withSession((session) => {
    session.set("note", "failed");
    throw new Error("the action failed");
  });
}

export async function logoutAndFail() {
  await withSession((session) => {
    session.logout();
    throw new Error("the action failed");
  });
}

export async function writeWithOwnCookie() {
  (await cookies()).set("own", "1");
  await withSession((session) => session.set("note", "beside"));
}
