import { type Html, html } from "./html.ts";

/** Colours come from classes of the stylesheet, so that the pictures follow the colour scheme. */
function picture(content: Html): Html {
  return html`<svg class="picture" viewBox="0 0 96 96" aria-hidden="true" focusable="false">${content}</svg>`;
}

const compass = picture(html`
  <circle class="line-brass" cx="48" cy="13" r="6"/>
  <rect class="brass" x="44" y="18" width="8" height="7" rx="1.5"/>
  <circle class="brass" cx="48" cy="54" r="32"/>
  <circle class="paper" cx="48" cy="54" r="25.5"/>
  <path class="line thin" d="M48 31v4M48 73v4M25 54h4M67 54h4M31.7 37.7l2 2M62.3 68.3l2 2M31.7 70.3l2-2M62.3 39.7l2-2"/>
  <g transform="rotate(28 48 54)">
    <path class="red" d="M48 34l5.5 20h-11z"/>
    <path class="dark" d="M48 74l-5.5-20h11z"/>
  </g>
  <circle class="brass" cx="48" cy="54" r="3"/>`);

const wax = picture(html`
  <rect class="shade" x="12" y="25" width="72" height="50" rx="3"/>
  <path class="paper" d="M12 28.5v43.5a3 3 0 0 0 3 3h66a3 3 0 0 0 3-3V28.5L50 54a3.5 3.5 0 0 1-4 0z"/>
  <path class="line thin" d="M13 74l25-25M83 74L58 49"/>
  <path class="red" d="M48 37c4-2 6 1 9 2s6 2 6 6 3 5 2 9-4 5-5 8-5 3-8 5-6-1-9-2-6-1-7-5-4-5-3-9 3-5 4-8 7-4 11-6z"/>
  <circle class="line-light" cx="48.5" cy="52" r="9"/>
  <path class="line-light" d="M45.5 47.5v9M52 47.5l-6 4.7 6 4.3"/>`);

const notebook = picture(html`
  <path class="red" d="M52 78v13l-4-3.5-4 3.5V78z"/>
  <rect class="paper" x="24" y="16" width="50" height="65" rx="3"/>
  <rect class="green" x="22" y="13" width="50" height="66" rx="4"/>
  <path class="dark soft" d="M26 13h6v66h-6a4 4 0 0 1-4-4V17a4 4 0 0 1 4-4z"/>
  <rect class="paper" x="39" y="26" width="21" height="15" rx="1.5"/>
  <path class="line thin" d="M43 31.5h13M43 36h9"/>
  <path class="line-dark" d="M66.5 13v66"/>`);

const musicBox = picture(html`
  <path class="wood-deep" d="M20 46l9-21h50l-9 21z"/>
  <path class="paper" d="M26 43l6.5-15h41L67 43z"/>
  <rect class="wood" x="17" y="46" width="56" height="34" rx="3"/>
  <path class="dark soft" d="M17 49a3 3 0 0 1 3-3h50a3 3 0 0 1 3 3v2H17z"/>
  <path class="brass" d="M45 55l8 9-8 9-8-9z"/>
  <circle class="wood" cx="45" cy="64" r="2.5"/>
  <path class="line-brass" d="M73 64h10V53"/>
  <circle class="red" cx="83" cy="51" r="4"/>
  <path class="line-red" d="M44 39V17l10-3v21"/>
  <ellipse class="red" cx="40.8" cy="39" rx="3.8" ry="2.8"/>
  <ellipse class="red" cx="50.8" cy="35" rx="3.8" ry="2.8"/>`);

const leaflets = [0, 1, 2, 3, 4, 5, 6].map((step) => {
  const y = 66 - step * 7;
  const length = 12 - step * 1.4;
  return html`
    <ellipse class="green" cx="${48 - length}" cy="${y}" rx="${length}" ry="2.8" transform="rotate(32 48 ${y})"/>
    <ellipse class="green" cx="${48 + length}" cy="${y}" rx="${length}" ry="2.8" transform="rotate(-32 48 ${y})"/>`;
});

const fern = picture(html`
  <rect class="wood" x="14" y="8" width="68" height="80" rx="3"/>
  <rect class="paper" x="20" y="14" width="56" height="68"/>
  <path class="line-green" d="M48 77V17"/>
  ${leaflets}`);

const key = picture(html`
  <g transform="rotate(42 48 48)">
    <circle class="line-brass" cx="48" cy="12" r="7"/>
    <circle class="line-brass" cx="38.5" cy="24" r="7"/>
    <circle class="line-brass" cx="57.5" cy="24" r="7"/>
    <rect class="brass" x="44.5" y="28" width="7" height="62" rx="2"/>
    <rect class="brass" x="41" y="36" width="14" height="5" rx="2"/>
    <path class="brass" d="M51 66h13v5h-6v4h4v5H51z"/>
  </g>`);

export const pictures: Record<"compass" | "wax" | "notebook" | "musicBox" | "fern" | "key", Html> =
  { compass, wax, notebook, musicBox, fern, key };

const laptop = picture(html`
  <rect class="wood-deep" x="20" y="24" width="56" height="40" rx="4"/>
  <rect class="paper" x="25" y="29" width="46" height="30" rx="1.5"/>
  <path class="brass" d="M12 66h72l-3 7a3 3 0 0 1-3 2H18a3 3 0 0 1-3-2z"/>
  <path class="line thin" d="M34 40h28M34 47h18"/>`);

const phone = picture(html`
  <rect class="wood-deep" x="31" y="14" width="34" height="68" rx="6"/>
  <rect class="paper" x="35" y="22" width="26" height="48" rx="1.5"/>
  <circle class="brass" cx="48" cy="76" r="2.8"/>
  <path class="line thin" d="M41 34h14M41 41h9"/>`);

export const devicePictures: Record<"laptop" | "phone", Html> = { laptop, phone };
