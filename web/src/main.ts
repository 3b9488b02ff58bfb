import { mount } from "svelte";

import App from "./App.svelte";
import { access } from "./api/access.svelte";
import "./design.css";
import { live } from "./live/live.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element #app");
void access.start().then(() => {
  live.start();
  mount(App, { target });
});
