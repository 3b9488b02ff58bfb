// An access token comes in the address, /#token=..., and stays for this tab.
const inAddress = new URLSearchParams(location.hash.slice(1)).get("token");
if (inAddress !== null) {
  sessionStorage.setItem("token", inAddress);
  history.replaceState(null, "", location.pathname + location.search);
}

export const token = sessionStorage.getItem("token");
