import { testAdapter } from "../../probe/adapter-cases.ts";

testAdapter("express");
testAdapter("express4");
testAdapter("connect");
