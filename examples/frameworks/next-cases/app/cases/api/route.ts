import { cookies } from "next/headers";
import { notFound, redirect } from "next/navigation";
import type { NextRequest } from "next/server";
import { route } from "../sessions";

export const GET = route((_request: NextRequest, session) =>
  Response.json({ note: session.get("note", "") }),
);

export const POST = route(async (request: NextRequest, session) => {
  const then = request.nextUrl.searchParams.get("then");
  session.set("note", `then ${then}`);
  (await cookies()).set("own", "1", { path: "/cases" });
  if (then === "redirect") redirect("/cases");
  if (then === "not-found") notFound();
  if (then === "fail") throw new Error("the handler failed");
  return new Response(null, { status: 204, headers: { "set-cookie": "second=2; Path=/cases" } });
});
