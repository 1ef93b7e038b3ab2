import { fileURLToPath } from "node:url";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type Response,
} from "express";
import { antiForgery } from "keepsake/adapters/express";
import { addOne, remove, setQuantity } from "./cart.ts";
import { devicesPage, NOWHERE_ELSE } from "./devices.ts";
import type { Html } from "./html.ts";
import { barePage, page } from "./layout.ts";
import { cartPage, errorPage, LONGEST_NAME, loginPage, notFoundPage, shopPage } from "./pages.ts";
import { findProduct } from "./products.ts";
import { securityHeaders } from "./security-headers.ts";
import type { ShopSessions } from "./sessions.ts";
import { type Visit, visitOf } from "./visit.ts";

export function createShop(store: ShopSessions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(securityHeaders);

  // Before the session, which they have no use for.
  app.get(["/style.css", "/icon.svg"], (req, res) => {
    res.sendFile(fileURLToPath(new URL(`.${req.path}`, import.meta.url)));
  });

  app.use(store.middleware);
  app.use(express.urlencoded({ extended: false, limit: "4kb", parameterLimit: 10 }));
  // Behind the parser, because what an old browser has to show is in the form.
  app.use(
    antiForgery({
      onRefused: (_req, res) => {
        res.setHeader("Content-Type", "text/html; charset=utf-8");
        res.end(barePage("Sorry", errorPage(res.statusCode)));
      },
    }),
  );

  const show = (req: Request, res: Response, title: string, content: (visit: Visit) => Html) => {
    const visit = visitOf(req);
    // Every page shows a cart and a name, so no cache may keep it: after a logout the back button would show it again.
    res.set("Cache-Control", "no-store").send(page(visit, store, title, content(visit)));
  };
  const notFound = (req: Request, res: Response): void => {
    show(req, res.status(404), "Not found", notFoundPage);
  };

  app.get("/", (req, res) => show(req, res, "Shop", shopPage));

  app.get("/cart", (req, res) => show(req, res, "Cart", cartPage));

  app.post("/cart", (req, res) => {
    const product = findProduct(field(req, "product"));
    if (product === undefined) return notFound(req, res);
    const isAdded = addOne(req.session, product);
    req.session.flash(
      "notice",
      isAdded ? `Added ${product.one} to your cart.` : "That is as many as we can wrap at once.",
    );
    res.redirect(303, "/");
  });

  app.post("/cart/:product", (req, res) => {
    const product = findProduct(req.params.product);
    if (product === undefined) return notFound(req, res);
    const quantity = Number.parseInt(field(req, "quantity"), 10);
    if (Number.isFinite(quantity)) setQuantity(req.session, product, quantity);
    res.redirect(303, "/cart");
  });

  app.post("/cart/:product/remove", (req, res) => {
    const product = findProduct(req.params.product);
    if (product === undefined) return notFound(req, res);
    if (remove(req.session, product)) {
      req.session.flash("notice", `Took ${product.one} out of your cart.`);
    }
    res.redirect(303, "/cart");
  });

  app.get("/login", (req, res) => {
    if (req.session.subject !== undefined) return res.redirect(303, "/");
    show(req, res, "Log in", loginPage);
  });

  app.post("/login", (req, res) => {
    // Somebody else's cart is nothing to keep.
    if (req.session.subject !== undefined) return res.redirect(303, "/");
    const name = field(req, "name").trim();
    if (name.length < 1 || name.length > LONGEST_NAME || !name.isWellFormed()) {
      return show(req, res.status(422), "Log in", (visit) => loginPage(visit, name));
    }
    req.session.login(name, { keep: ["cart"] });
    req.session.flash("notice", `Welcome, ${name}.`);
    res.redirect(303, "/");
  });

  app.post("/logout", (req, res) => {
    if (req.session.subject === undefined) return res.redirect(303, "/");
    req.session.logout();
    req.session.flash("notice", `You are logged out. ${store.afterLogout}`);
    res.redirect(303, "/");
  });

  app.get("/devices", async (req, res) => {
    const { subject, id } = req.session;
    if (subject === undefined) return res.redirect(303, "/login");
    const sessions = await store.devices?.list(subject);
    show(req, res, "Your devices", (visit) => devicesPage(visit, subject, id, sessions));
  });

  app.post("/devices/revoke-others", async (req, res) => {
    const { subject, id } = req.session;
    if (subject === undefined) return res.redirect(303, "/login");
    const count = (await store.devices?.revokeAll(subject, { except: id })) ?? 0;
    const devices = count === 1 ? "one other device" : `${count} other devices`;
    req.session.flash("notice", count === 0 ? NOWHERE_ELSE : `Signed out on ${devices}.`);
    res.redirect(303, "/devices");
  });

  app.post("/devices/:id/revoke", async (req, res) => {
    const { subject, id } = req.session;
    if (subject === undefined) return res.redirect(303, "/login");
    // This device logs out, which also takes its cookie away.
    if (req.params.id === id) return notFound(req, res);
    // The handle comes from a client: without the subject anyone could end anyone's session.
    const isEnded = await store.devices?.revoke(req.params.id, { subject });
    req.session.flash(
      "notice",
      isEnded ? "Signed out on that device." : "It was signed out already.",
    );
    res.redirect(303, "/devices");
  });

  app.use(notFound);

  const onError: ErrorRequestHandler = (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) console.error(error);
    res.status(status).send(barePage("Sorry", errorPage(status)));
  };
  return app.use(onError);
}

/** One text of a form. Somebody may send none, or several. */
function field({ body }: Request, name: string): string {
  const value: unknown = body?.[name];
  return typeof value === "string" ? value : "";
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status <= 599 ? status : 500;
}
