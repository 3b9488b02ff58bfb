#include "commands/demo/model.hpp"

#include "commands/demo/tools.hpp"
#include "protocol/limits.hpp"

#include <array>

namespace agentmon::demo {
namespace {

constexpr std::array anthropic{
    language_model{"claude-sonnet-4-5", 3.0, 15.0, 0.3, 3.75},
    language_model{"claude-opus-4-1", 15.0, 75.0, 1.5, 18.75},
    language_model{"claude-haiku-4-5", 1.0, 5.0, 0.1, 1.25},
};
constexpr std::array openai{
    language_model{"gpt-5-codex", 1.25, 10.0, 0.125, 0.0},
    language_model{"gpt-5-mini", 0.25, 2.0, 0.025, 0.0},
};

constexpr std::array<errand, 14> chores{{
    {"What's on for today?", "Three things: the backup report at 9, the supplier call at 11, and the newsletter draft "
                             "that is due tonight. The draft is half done; I can finish it after lunch."},
    {"Summarise the overnight alerts", "Four alerts, all resolved: two certificate renewals, one slow query on the "
                                       "reporting replica, one disk warning that cleared after log rotation."},
    {"Check whether the backups of last night are complete", "Yes. All six targets finished between 02:04 and 02:51; "
                                                             "sizes are within 3 % of the day before."},
    {"Find a slot for a 30 minute call with the hosting team this week",
     "Thursday 14:30 is free for everybody. I sent the invitation with the dial-in."},
    {"Renew the certificate of the wiki and tell me when it's done",
     "Done. The new certificate is valid for 90 days and nginx was reloaded without an interruption."},
    {"Write the weekly report from the ticket list", "The report is in reports/week.md: 23 tickets closed, 9 opened, "
                                                     "median time to close 1.4 days. I flagged two that are stuck."},
    {"Why is the wiki slow?", "The search index was rebuilt at the same time as the nightly export. I moved the export "
                              "to 04:30; the median response time is back at 120 ms."},
    {"Order the list of open invoices by age and send it to the channel",
     "Sent. Eleven are open, three of them for more than 30 days."},
    {"Compare the prices of the three storage offers", "Offer B is the cheapest from 20 TB on, offer A below that. The "
                                                       "table is in notes/storage.md."},
    {"Clean up the downloads folder, but ask before deleting anything large",
     "Moved 214 files into folders by month and removed 1.2 GB of duplicates. Two files over 1 GB are left for you to "
     "decide on."},
    {"Translate the release notes to German",
     "Done, notes/release-de.md. I kept the product names and marked two terms "
     "that have no settled translation."},
    {"Is the staging server reachable from outside?", "Only on 443, as it should be. SSH is limited to the office "
                                                      "network."},
    {"Remind me of the contract dates in the next quarter", "Two end next quarter: the office line on the 31st and the "
                                                            "mail gateway on the 15th. I put both in the calendar."},
    {"Heartbeat: look for anything that needs attention", "Nothing needs attention."},
}};

constexpr std::array<errand, 12> programming{{
    {"The invoice export fails for customers without a VAT number. Find out why and fix it.",
     "Fixed. `format_vat` assumed a value; it now leaves the column empty. Added two tests that failed before."},
    {"Add pagination to GET /orders",
     "Added keyset pagination (cursor, limit 1..200) with tests and the OpenAPI entry. "
     "The old offset parameter answers 400 with a hint."},
    {"Update the dependencies and make the tests pass", "Eleven updates, two of them with breaking changes that I "
                                                        "adapted. All 412 tests pass."},
    {"Why does the login test flake?", "It compared timestamps across a second's boundary. The test now freezes the "
                                       "clock; 200 runs in a row pass."},
    {"Write a migration that splits the address column", "Migration 0042 adds street, zip and city, fills them in "
                                                         "batches, and keeps the old column until the next release."},
    {"Review the diff on branch feature/import and list problems",
     "Three problems: the file handle leaks on errors, the progress counter is off by one, and rows with quotes are "
     "split wrongly. Details with line numbers are above."},
    {"Make the container image smaller", "From 1.1 GB to 184 MB: a build stage of its own, and only the runtime "
                                         "libraries in the final one."},
    {"Document the retry behaviour of the queue client",
     "Documented in docs/queue.md with the table of error codes and "
     "what happens to each."},
    {"The nightly build is red since yesterday", "The compiler image moved to a version that warns about an unused "
                                                 "result. Fixed the two places; the build is green."},
    {"Add a dark theme to the settings page", "Done with CSS variables, follows the system and can be switched. "
                                              "Screenshots are attached to the pull request."},
    {"Speed up the report query", "The query scanned all orders. With an index on (customer_id, created_at) it takes "
                                  "14 ms instead of 2.3 s."},
    {"Rename Client to Customer in the whole code base", "Renamed in 64 files, including the API documents. The "
                                                         "database tables keep their names."},
}};

constexpr std::array<std::string_view, 3> openclaw_attributes{
    R"({"channel":"telegram","session_key":"agent:main:main"})",
    R"({"channel":"webchat","session_key":"agent:main:main"})",
    R"({"channel":"cron","session_key":"agent:main:cron:chores"})",
};
constexpr std::array<std::string_view, 2> codex_attributes{
    R"({"cwd":"/home/dev/ledger","permission_mode":"default","source":"startup"})",
    R"({"cwd":"/home/dev/storefront","permission_mode":"default","source":"resume"})",
};
constexpr std::array<std::string_view, 2> claude_attributes{
    R"({"cwd":"/srv/app/orders","permission_mode":"acceptEdits","source":"startup"})",
    R"({"cwd":"/srv/app/importer","permission_mode":"default","source":"startup"})",
};

const std::array<profession, 3> professions{{
    {"openclaw", anthropic, openclaw_tools(), chores, "sessions_spawn", openclaw_attributes, true},
    {"codex", openai, codex_tools(), programming, "spawn_agent", codex_attributes, false},
    {"claude-code", anthropic, claude_tools(), programming, "Task", claude_attributes, false},
}};

constexpr auto GiB = limits::GiB;
constexpr std::array<machine, 3> all_machines{{
    {"zap", "2026.9.6", 4, 8 * GiB, 80 * GiB, 0.46, 0.38, 3.0, 41.3, false},
    {"orb", "2026.9.6", 4, 8 * GiB, 60 * GiB, 0.58, 0.61, 4.5, 12.8, false},
    {"sun", "2026.9.4", 8, 16 * GiB, 120 * GiB, 0.41, 0.27, 2.2, 88.1, true},
}};

const std::array<worker, 5> all_workers{{
    {all_machines[0], professions[0], 17},
    {all_machines[1], professions[0], 20},
    {all_machines[1], professions[1], 22},
    {all_machines[2], professions[0], 24},
    {all_machines[2], professions[2], 18},
}};

constexpr std::array<tool_failure, 4> failing_models{{
    {"", "overloaded_error", "529 Overloaded: the model is at capacity, try again later"},
    {"", "rate_limit_error", "429 This request would exceed the rate limit of 400000 input tokens per minute"},
    {"", "timeout", "no bytes from the model for 60 s, the request was given up"},
    {"", "invalid_request_error", "400 prompt is too long: 204311 tokens > 200000 maximum"},
}};

} // namespace

std::span<const machine> machines() { return all_machines; }
std::span<const worker> workers() { return all_workers; }
const machine& troubled_machine() { return all_machines[1]; }
std::span<const tool_failure> model_failures() { return failing_models; }

} // namespace agentmon::demo
