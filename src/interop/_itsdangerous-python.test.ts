/** Python's own itsdangerous, and Flask, where they are at hand. */
import { spawnSync } from "node:child_process";

export interface Question {
  readonly side: "blacksheep" | "starlette" | "flask" | "antiforgery";
  /** Newest last, as there. */
  readonly keys: readonly string[];
  readonly seconds: number;
  /** A cookie to read. */
  readonly cookie?: string;
  /** A session to write, as JSON. */
  readonly json?: string;
  /** A visit of a real Flask application, which finds this cookie or none, and sets one of every type. */
  readonly visit?: string;
  /** What the application does in that visit instead: `session.pop` of these keys, then these values. */
  readonly does?: {
    readonly pop?: readonly string[];
    readonly set?: Readonly<Record<string, unknown>>;
  };
  /** A template of the application's, which is shown before. */
  readonly shows?: string;
}

export interface Answer {
  /** What was read, as JSON; or why nothing was. */
  readonly json?: string;
  readonly refused?: string;
  readonly cookie?: string;
  /** What the Flask application found: `repr()` of each value. */
  readonly found?: Readonly<Record<string, string>>;
  readonly shown?: string;
}

export interface Python {
  /** Such as `Python 3.11.7 with itsdangerous 2.2.0 and Flask 3.1.3`; `undefined` where there is none. */
  readonly name: string | undefined;
  readonly hasFlask: boolean;
  /** Whether its zlib is the one whose bytes are the measure. */
  readonly hasVanillaZlib: boolean;
  /** In the order of the questions. */
  readonly answers: readonly Answer[];
}

const PROGRAM = String.raw`
import base64, datetime, hashlib, json, sys, uuid, zlib

questions = json.load(sys.stdin)
try:
    import itsdangerous
    from importlib.metadata import version
except ImportError:
    print(json.dumps({"name": None}))
    sys.exit()
try:
    import flask
    from markupsafe import Markup
except ImportError:
    flask = None

name = "Python %d.%d.%d with itsdangerous %s" % (*sys.version_info[:3], version("itsdangerous"))
if flask:
    name += " and Flask " + version("flask")

# As blacksheep/sessions/cookies.py, blacksheep/server/csrf.py, starlette/middleware/sessions.py and flask/sessions.py make them.
def signer(side, keys):
    if side == "starlette":
        return itsdangerous.TimestampSigner(keys)
    if side == "blacksheep":
        return itsdangerous.URLSafeTimedSerializer(keys)
    if side == "antiforgery":
        return itsdangerous.URLSafeSerializer(keys, salt="antiforgery")
    kwargs = {"key_derivation": "hmac", "digest_method": hashlib.sha1}
    return itsdangerous.URLSafeTimedSerializer(keys, salt="cookie-session", signer_kwargs=kwargs)

def read(side, keys, cookie):
    if side == "starlette":
        return json.loads(base64.b64decode(signer(side, keys).unsign(cookie)))
    if side == "blacksheep":
        return json.loads(base64.b64decode(signer(side, keys).loads(cookie)))
    return signer(side, keys).loads(cookie)

def write(side, keys, values):
    if side == "starlette":
        return signer(side, keys).sign(base64.b64encode(json.dumps(values).encode())).decode()
    if side == "blacksheep":
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        return signer(side, keys).dumps(base64.b64encode(text.encode()).decode())
    return signer(side, keys).dumps(values)

def visit(keys, cookie, does=None, shows=""):
    app = flask.Flask("app")
    app.config.update(SECRET_KEY=keys[-1], SECRET_KEY_FALLBACKS=keys[:-1])
    headers = {"Cookie": "session=" + cookie} if cookie else {}
    with app.test_request_context(headers=headers):
        session = app.session_interface.open_session(app, flask.request)
        found = {key: repr(value) for key, value in session.items()}
        shown = flask.render_template_string(shows, **session)
        if does is None:
            session["tuple"] = (1, "é", [None])
            session["bytes"] = b"\x00\xff"
            session["markup"] = Markup("<b>é</b>")
            session["uuid"] = uuid.UUID(int=2**127 + 7)
            session["date"] = datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
            session["escaped"] = {" t": 1}
        else:
            for key in does.get("pop", []):
                session.pop(key)
            session.update(does.get("set", {}))
        response = app.response_class()
        app.session_interface.save_session(app, session, response)
        return {"found": found, "shown": shown, "cookie": response.headers["Set-Cookie"].split(";")[0].split("=", 1)[1]}

def answer(question):
    side, keys = question["side"], question["keys"]
    itsdangerous.TimestampSigner.get_timestamp = lambda self: question["seconds"]
    try:
        if "json" in question:
            return {"cookie": write(side, keys, json.loads(question["json"]))}
        if "visit" in question:
            return visit(keys, question["visit"], question.get("does"), question.get("shows", ""))
        return {"json": json.dumps(read(side, keys, question["cookie"]))}
    except itsdangerous.BadData as error:
        return {"refused": type(error).__name__}

print(json.dumps({
    "name": name,
    "hasFlask": flask is not None,
    "hasVanillaZlib": "ng" not in zlib.ZLIB_RUNTIME_VERSION,
    "answers": [answer(question) for question in questions],
}))
`;

/** Asks all questions of one process. */
export function askPython(questions: readonly Question[]): Python {
  const none = { name: undefined, hasFlask: false, hasVanillaZlib: false, answers: [] };
  const { error, status, stdout, stderr } = spawnSync("python3", ["-c", PROGRAM], {
    input: JSON.stringify(questions),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    env: { ...process.env, PYTHONIOENCODING: "utf-8" },
  });
  if (error !== undefined && "code" in error && error.code === "ENOENT") return none;
  // Any other failure is one of the test: it must not look as if there were no Python.
  if (status !== 0) throw error ?? new Error(`python3 ended with ${status}:\n${stderr}`);
  const printed: { readonly name: null } | Python = JSON.parse(stdout);
  return printed.name === null ? none : printed;
}
