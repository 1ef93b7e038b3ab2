import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from "express";
import { InMemorySessionStore, type Session, type SessionData } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/express";
import { exactly } from "../exactly.ts";

declare global {
  namespace Express {
    interface Request {
      readonly adminSession: Session<{ level: number }>;
    }
  }
}

const app = express();
app.use(sessions("secret", { skip: ({ url }) => url === "/favicon.ico" }));
app.use("/admin", sessions(new InMemorySessionStore(), { property: "adminSession" }));

app.use((req, _res, next) => {
  exactly<Session<SessionData>>()(req.session);
  req.session.modify("count", (count = 0) => count + 1);
  next();
});

app.get("/", async ({ session }, res) => {
  exactly<number | undefined>()(session.get("count"));
  session.data.cart?.push("tea");
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2322: there is no such theme
  session.data.theme = "blue";
  res.json(session.toObject());
});

app.post("/login/:user", (req, res) => {
  req.session.login(req.params.user, { keep: ["cart", "count"] });
  req.session.flash("theme", "dark");
  // @ts-expect-error TS2322: only keys can be kept
  req.session.login("ada", { keep: ["basket"] });
  // @ts-expect-error TS2345: a count is a number
  req.session.set("count", "1");
  // @ts-expect-error TS2540: the session cannot be replaced
  req.session = undefined as never;
  // @ts-expect-error TS2540: nor ended as in other libraries
  req.session = null;
  res.redirect("/");
});

const count: RequestHandler<{ id: string }, number, { by: number }> = (req, res) => {
  exactly<Session<SessionData>>()(req.session);
  res.json(req.session.get("count", req.body.by));
};
const shop = Router().post("/count/:id", count);
shop.route("/cart").get(({ session }, res) => {
  exactly<string[] | undefined>()(session.get("cart"));
  res.sendStatus(204);
});
app.use("/shop", shop);

function themeOf(req: Request): "light" | "dark" {
  return req.session.get("theme", "light");
}
app.get("/theme", (req: Request, res: Response, _next: NextFunction) => {
  res.send(themeOf(req));
});

const answerError: ErrorRequestHandler = (_error, req, res, _next) => {
  exactly<Session<SessionData>>()(req.session);
  res.status(500).send(req.session.subject);
};
app.use(answerError);

app.get("/admin", (req, res) => {
  exactly<Session<{ level: number }>>()(req.adminSession);
  // @ts-expect-error TS2345: a level is a number
  req.adminSession.set("level", "high");
  // @ts-expect-error TS2345: the data is not that of the other session
  res.json(req.adminSession.get("count"));
});

// In a function that does not rely on the middleware.
app.use((req) => exactly<Session<SessionData>>()(sessionOf(req)));

// @ts-expect-error TS2353: there is no such option
sessions("secret", { rolling: true });
// Express cannot tell: its requests have a session in every program that imports the adapter.
express().get("/", ({ session }, res) => res.json(session.get("count")));
