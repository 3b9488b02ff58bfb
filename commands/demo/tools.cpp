#include "commands/demo/tools.hpp"

#include <array>

namespace agentmon::demo {
namespace {

constexpr std::array<tool_use, 9> operations{{
    {"df -h /", "Filesystem      Size  Used Avail Use% Mounted on\n/dev/vda1        60G   37G   21G  64% /"},
    {"systemctl --failed --no-legend", ""},
    {"journalctl -u nginx --since -1h | tail -3",
     "nginx[812]: 10.0.3.7 - \"GET /health HTTP/1.1\" 200 2\nnginx[812]: 10.0.3.7 - \"GET /health HTTP/1.1\" 200 2\n"
     "nginx[812]: 10.0.3.9 - \"GET /search?q=vpn HTTP/1.1\" 200 18211"},
    {"ls -la ~/reports", "total 28\n-rw-r--r-- 1 claw claw 8112 week-09.md\n-rw-r--r-- 1 claw claw 7904 week-10.md"},
    {"curl -sS -o /dev/null -w '%{http_code} %{time_total}' https://wiki.example.net/", "200 0.118"},
    {"restic snapshots --latest 1 --compact",
     "ID        Time                 Host  Size\n9c1f02ab  2026-03-12 02:51:07  "
     "nas   412.7 GiB"},
    {"du -sh ~/downloads/* | sort -h | tail -3", "118M  manuals\n642M  exports\n1.3G  images"},
    {"certbot renew --cert-name wiki.example.net", "Congratulations, all renewals succeeded:\n  "
                                                   "/etc/letsencrypt/live/wiki.example.net/fullchain.pem (success)"},
    {"uptime", " 10:21:44 up 41 days,  7:12,  1 user,  load average: 0.21, 0.18, 0.16"},
}};
constexpr std::array<tool_failure, 4> failing_operations{{
    {"curl -sS https://api.tickets.example.net/v2/open", "exit_code",
     "exit 28: curl: (28) Operation timed out after 30001 ms"},
    {"systemctl restart export.service", "exit_code",
     "exit 1: Failed to restart export.service: Interactive authentication required."},
    {"jq '.items[] | .age' invoices.json", "exit_code",
     "exit 5: jq: error (at invoices.json:1): Cannot iterate over null (null)"},
    {"ssh nas.example.net uptime", "exit_code",
     "exit 255: ssh: connect to host nas.example.net port 22: No route to host"},
}};

constexpr std::array<tool_use, 4> notes{{
    {"notes/storage.md",
     "# Storage offers\n\n| | A | B | C |\n|---|---|---|---|\n| per TB and month | 5.10 | 4.20 | 4.95 |"},
    {"reports/week-10.md", "# Week 10\n\nClosed: 23. Opened: 9. Median time to close: 1.4 days."},
    {"~/HEARTBEAT.md", "- look at failed units\n- look at the disk\n- nothing between 22:00 and 06:00 unless urgent"},
    {"calendar/2026-03.ics",
     "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nSUMMARY:Supplier call\nDTSTART:20260312T110000Z"},
}};
constexpr std::array<tool_failure, 2> missing_notes{{
    {"notes/contracts.md", "not_found", "ENOENT: no such file or directory, open 'notes/contracts.md'"},
    {"/etc/letsencrypt/archive", "is_directory", "EISDIR: illegal operation on a directory, read"},
}};

constexpr std::array<tool_use, 3> drafts{{
    {"reports/week-11.md", "wrote 7310 bytes"},
    {"notes/release-de.md", "wrote 4102 bytes"},
    {"notes/open-invoices.csv", "wrote 988 bytes"},
}};
constexpr std::array<tool_failure, 1> failing_drafts{{
    {"/etc/nginx/conf.d/wiki.conf", "permission", "EACCES: permission denied, open '/etc/nginx/conf.d/wiki.conf'"},
}};

constexpr std::array<tool_use, 3> searches{{
    {"object storage price per TB comparison",
     "10 results: \"Object storage prices compared\", \"What a terabyte costs\", ..."},
    {"nginx reload without dropping connections", "10 results: \"Controlling nginx\", \"Zero downtime reloads\", ..."},
    {"restic check read-data subset how often", "8 results: \"Checking integrity and consistency\", ..."},
}};
constexpr std::array<tool_failure, 1> failing_searches{{
    {"certificate transparency wiki.example.net", "rate_limit", "429 the search provider allows 1 request a second"},
}};

constexpr std::array<tool_use, 3> pages{{
    {"open https://wiki.example.net/search?q=vpn", "title: Search - Wiki; 14 results; first: \"Access from home\""},
    {"screenshot https://status.example.net/", "screenshot saved (1280x720, 214 KB); all systems operational"},
    {"open https://tickets.example.net/open", "title: Open tickets (9); oldest: \"Printer on floor 2\", 12 days"},
}};
constexpr std::array<tool_failure, 2> failing_pages{{
    {"open https://portal.supplier.example/", "navigation_timeout",
     "page.goto: Timeout 30000ms exceeded, waiting until \"load\""},
    {"click \"Download invoice\"", "no_element", "no visible element matches text=\"Download invoice\""},
}};

constexpr std::array<tool_use, 2> messages{{
    {"#ops: The backups of last night are complete.", "sent, message 4812"},
    {"#billing: 11 open invoices, 3 of them older than 30 days.", "sent, message 4813"},
}};
constexpr std::array<tool_failure, 1> failing_messages{{
    {"#ops: weekly report", "delivery", "400 Bad Request: chat not found"},
}};

constexpr std::array<tool, 7> of_openclaw{{
    {"exec", 40, 420, 1.2, 0.06, true, true, operations, failing_operations},
    {"read", 22, 22, 0.8, 0.03, false, true, notes, missing_notes},
    {"write", 9, 35, 0.7, 0.03, true, false, drafts, failing_drafts},
    {"web_search", 8, 900, 0.5, 0.04, false, false, searches, failing_searches},
    {"browser", 9, 3800, 0.8, 0.10, true, true, pages, failing_pages},
    {"message", 6, 260, 0.6, 0.03, false, false, messages, failing_messages},
    {"process", 4, 60, 0.8, 0.01, false, false, operations, failing_operations},
}};

constexpr std::array<tool_use, 9> shell{{
    {"git status --short", " M src/export/vat.cpp\n?? tests/export/vat_test.cpp"},
    {"rg -n format_vat src",
     "src/export/vat.cpp:41:std::string format_vat(const customer& c) {\nsrc/export/invoice.cpp:88:"
     "  row.push_back(format_vat(c));"},
    {"ninja -C build test", "[38/38] Running all tests.\nOk: 412   Fail: 0   Skipped: 3"},
    {"git log --oneline -5", "4f2c1aa Split the importer\n91b0c3e Orders: cursor instead of offset\n0d77e21 Fix typo"},
    {"git diff --stat", " src/export/vat.cpp        |  9 ++++++---\n tests/export/vat_test.cpp | 31 +++++++++++++++++"},
    {"sed -n 30,60p src/export/vat.cpp",
     "std::string format_vat(const customer& c) {\n  return c.vat->country + c.vat->number;\n}"},
    {"npm test -- --run orders", "Test Files  14 passed (14)\n     Tests  97 passed (97)\n  Duration  6.12s"},
    {"psql -c 'EXPLAIN ANALYZE SELECT * FROM report_orders'",
     "Seq Scan on orders (actual time=0.02..2214.7 rows=1204331)\n"
     "Execution Time: 2316.402 ms"},
    {"docker build -t storefront .", "=> exporting to image\n=> naming to docker.io/library/storefront"},
}};
constexpr std::array<tool_failure, 5> failing_shell{{
    {"ninja -C build test", "exit_code",
     "exit 1: export/vat_test.cpp:17: CHECK( row[3] == \"\" ) is NOT correct! 1 of 412 tests failed"},
    {"npm ci", "exit_code",
     "exit 1: npm error code ERESOLVE: could not resolve dependency tree, peer react@\"^18\" wanted"},
    {"git push origin feature/import", "exit_code",
     "exit 1: ! [rejected] feature/import -> feature/import (fetch first)"},
    {"timeout 120 pytest -x", "timeout", "exit 124: the command ran for more than 120 s and was ended"},
    {"psql -f migrations/0042.sql", "exit_code",
     "exit 3: ERROR: column \"street\" of relation \"customers\" already exists"},
}};

constexpr std::array<tool_use, 3> edits{{
    {"src/export/vat.cpp",
     "-  return c.vat->country + c.vat->number;\n+  return c.vat ? c.vat->country + c.vat->number : \"\";"},
    {"docs/openapi.yaml", "+        - name: cursor\n+          in: query\n+          schema: {type: string}"},
    {"Dockerfile", "-FROM debian:bookworm\n+FROM debian:bookworm-slim AS runtime"},
}};
constexpr std::array<tool_failure, 2> failing_edits{{
    {"src/orders/list.cpp", "no_match",
     "the text to replace was not found in src/orders/list.cpp; read the file again"},
    {"src/import/csv.cpp", "not_read", "the file has changed since it was read"},
}};
constexpr std::array<tool_failure, 1> failing_patches{{
    {"src/orders/list.cpp", "patch", "Invalid Context 12: expected lines not found in src/orders/list.cpp"},
}};

constexpr std::array<tool_use, 3> files{{
    {"src/orders/list.cpp", "#include \"orders/list.hpp\"\n\nnamespace shop {\n\npage list(const query& q) {"},
    {"src/import/csv.cpp",
     "#include \"import/csv.hpp\"\n\n// One row at a time: files are larger than memory.\nrow reader::next() {"},
    {"package.json", "{\n  \"name\": \"storefront\",\n  \"private\": true,\n  \"type\": \"module\""},
}};
constexpr std::array<tool_failure, 1> missing_files{{
    {"src/orders/cursor.cpp", "not_found", "File does not exist."},
}};

constexpr std::array<tool_use, 3> patterns{{
    {"Client[^a-z]", "64 files, 212 matches"},
    {"throw std::runtime_error", "7 files, 9 matches"},
    {"**/*_test.cpp", "38 files"},
}};
constexpr std::array<tool_failure, 1> failing_patterns{{
    {"format_vat(", "regex", "regex parse error: unclosed group"},
}};

constexpr std::array<tool_use, 2> plans{{
    {"1 find the cause; 2 write a failing test; 3 fix it; 4 run all tests", "plan updated"},
    {"1 measure; 2 add the index; 3 measure again", "plan updated"},
}};

constexpr std::array<tool, 4> of_codex{{
    {"Bash", 58, 650, 1.3, 0.09, true, true, shell, failing_shell},
    {"apply_patch", 24, 70, 0.6, 0.05, true, false, edits, failing_patches},
    {"update_plan", 9, 4, 0.4, 0.0, false, false, plans, {}},
    {"web_search", 4, 1400, 0.5, 0.02, false, false, searches, failing_searches},
}};

constexpr std::array<tool, 6> of_claude{{
    {"Bash", 34, 720, 1.3, 0.08, true, true, shell, failing_shell},
    {"Read", 26, 18, 0.7, 0.02, false, true, files, missing_files},
    {"Edit", 18, 30, 0.6, 0.06, true, false, edits, failing_edits},
    {"Grep", 12, 90, 0.7, 0.02, false, false, patterns, failing_patterns},
    {"TodoWrite", 6, 5, 0.4, 0.0, false, false, plans, {}},
    {"WebFetch", 3, 1900, 0.6, 0.05, false, true, pages, failing_pages},
}};

} // namespace

std::span<const tool> openclaw_tools() { return of_openclaw; }
std::span<const tool> codex_tools() { return of_codex; }
std::span<const tool> claude_tools() { return of_claude; }

} // namespace agentmon::demo
