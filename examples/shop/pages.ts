import { type Line, MOST_OF_ONE, totalCents } from "./cart.ts";
import { type Html, html } from "./html.ts";
import { type Product, price, products } from "./products.ts";
import type { Visit } from "./visit.ts";

export function shopPage(visit: Visit): Html {
  return html`
    <h1>Small things worth keeping</h1>
    <ul class="products">${products.map((product) => card(product, visit))}</ul>`;
}

function card({ id, name, description, cents, picture }: Product, visit: Visit): Html {
  return html`
    <li>
      ${picture}
      <h2 id="${id}">${name}</h2>
      <p>${description}</p>
      <form method="post" action="/cart">
        ${visit.formField()}
        <input type="hidden" name="product" value="${id}">
        <span class="price">${price(cents)}</span>
        <button aria-describedby="${id}">Add to cart</button>
      </form>
    </li>`;
}

export function cartPage(visit: Visit): Html {
  const { lines } = visit;
  if (lines.length === 0) {
    return html`
      <h1>Your cart</h1>
      <p>There is nothing in it yet. <a href="/">Look around the shop</a>.</p>`;
  }
  return html`
    <h1>Your cart</h1>
    <ul class="cart">${lines.map((line) => row(line, visit))}</ul>
    <p class="total"><span>Total</span> <strong>${price(totalCents(lines))}</strong></p>`;
}

function row({ product: { id, name, cents, picture }, quantity }: Line, visit: Visit): Html {
  return html`
    <li>
      ${picture}
      <div class="what">
        <h2 id="${id}">${name}</h2>
        <p>${price(cents)} each</p>
      </div>
      <form method="post" action="/cart/${id}">
        ${visit.formField()}
        <label for="${id}-quantity">Quantity<span class="unseen"> of ${name}</span></label>
        <input id="${id}-quantity" name="quantity" type="number" inputmode="numeric" min="1" max="${MOST_OF_ONE}" required value="${quantity}">
        <button class="quiet-button" aria-describedby="${id}">Update</button>
      </form>
      <form method="post" action="/cart/${id}/remove">
        ${visit.formField()}
        <button class="plain" aria-describedby="${id}">Remove</button>
      </form>
      <strong class="price">${price(cents * quantity)}</strong>
    </li>`;
}

export const LONGEST_NAME = 40;

/** @param refused What was given for a name, if it is none. */
export function loginPage(visit: Visit, refused?: string): Html {
  const isRefused = refused !== undefined;
  return html`
    <h1>Log in</h1>
    <p>Any name will do: this shop believes everyone. What is in your cart stays there.</p>
    <form class="login" method="post" action="/login">
      ${visit.formField()}
      <label for="name">Your name</label>
      <input id="name" name="name" autocomplete="username" required maxlength="${LONGEST_NAME}" value="${refused}"${isRefused && html` aria-invalid="true" aria-describedby="name-error"`}>
      ${isRefused && html`<p class="error" id="name-error">Please give a name of 1 to ${LONGEST_NAME} characters.</p>`}
      <button>Log in</button>
    </form>`;
}

export function notFoundPage(): Html {
  return html`
    <h1>We do not have that</h1>
    <p>There is no such page, or nothing of that name in the shop. <a href="/">Back to the shop</a>.</p>`;
}

export function errorPage(status: number): Html {
  if (status === 403) {
    return html`
    <h1>We did not do that</h1>
    <p>Nothing was changed, because the request did not come from a page that this shop has shown you. If it was you, <a href="/">go back to the shop</a> and try again from there.</p>`;
  }
  if (status === 409) {
    return html`
    <h1>You have been signed out</h1>
    <p>Your session was ended in another window, or on another device, so nothing was changed. <a href="/login">Log in again</a>, or <a href="/">go on as a stranger</a> in a minute or two.</p>`;
  }
  return status < 500
    ? html`
    <h1>We could not read that</h1>
    <p>Your browser sent something this shop does not understand. <a href="/">Back to the shop</a>.</p>`
    : html`
    <h1>Something broke</h1>
    <p>It is our fault, and it has been noted. <a href="/">Back to the shop</a>.</p>`;
}
