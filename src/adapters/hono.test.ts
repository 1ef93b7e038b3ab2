import { testAdapter } from "../../probe/adapter-cases.ts";

testAdapter("hono");
