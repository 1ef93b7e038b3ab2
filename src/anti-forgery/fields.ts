const FORM = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)(?:;|\s|$)/i;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?:;|\s|$)/i;

export function isForm(type: string): boolean {
  return FORM.test(type);
}

export function isJson(type: string): boolean {
  return JSON_TYPE.test(type);
}

/** The values that a parsed body has under a name: of a form, or of an object as body parsers give it. */
export function valuesOf(body: unknown, name: string): readonly unknown[] {
  if (typeof body !== "object" || body === null) return [];
  if ("getAll" in body && typeof body.getAll === "function") return [body.getAll(name)].flat();
  const field = Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined;
  const fields = field === undefined ? [] : [field].flat();
  // What reads forms part by part keeps a value in an object of its own.
  return fields.map((each: unknown) => (isPart(each) ? each.value : each));
}

function isPart(field: unknown): field is { readonly value: unknown } {
  return typeof field === "object" && field !== null && "value" in field;
}

/** The one value that is given, however often: `undefined` where there is none, or where they differ. */
export function onlyValue(values: readonly unknown[]): string | undefined {
  const [first] = values;
  return typeof first === "string" && values.every((value) => value === first) ? first : undefined;
}
