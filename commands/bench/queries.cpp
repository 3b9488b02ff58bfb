#include "commands/bench/queries.hpp"

#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"

#include <httplib.h>
#include <rapidjson/document.h>

namespace agentmon::bench {
namespace {

constexpr size_t questions = 200; // of a kind
constexpr size_t subjects = 100;  // sessions and runs that are asked for in turn

class asker {
public:
  explicit asker(const endpoint& port) : http_{port.host, port.port} {
    http_.set_keep_alive(true);
    http_.set_tcp_nodelay(true);
    http_.set_read_timeout(limits::bench_patience);
  }

  result<std::string> get(const std::string& path) {
    const auto got = http_.Get(path);
    if (!got) return fail(fault::unavailable, path + ": the query port does not answer");
    if (got->status != 200)
      return fail(fault::invalid,
                  path + " was answered with " + std::to_string(got->status) + " " + got->body.substr(0, 300));
    return got->body;
  }

  result<rapidjson::Document> get_json(const std::string& path) {
    return get(path).and_then([&](const std::string& body) -> result<rapidjson::Document> {
      rapidjson::Document json;
      json.Parse(body.c_str());
      if (json.HasParseError() || !json.IsObject()) return fail(fault::invalid, path + " did not answer JSON");
      return json;
    });
  }

private:
  httplib::Client http_;
};

/// The text members `key` of the objects in the list `list`.
std::vector<std::string> texts_in(const rapidjson::Value& object, const char* list, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.FindMember(list);
  if (found == object.MemberEnd() || !found->value.IsArray()) return texts;
  for (const auto& each : found->value.GetArray()) {
    const auto text = each.IsObject() ? each.FindMember(key) : each.MemberEnd();
    if (text != each.MemberEnd() && text->value.IsString()) texts.emplace_back(text->value.GetString());
  }
  return texts;
}

using paths = std::vector<std::string>;

/// The first pages of a list, each reached by the cursor of the page before.
result<paths> pages_of(asker& ask, const std::string& list) {
  paths pages{list};
  while (pages.size() < subjects) {
    const auto page = ask.get_json(pages.back());
    if (!page) return tl::unexpected{page.error()};
    const auto next = page->FindMember("next_cursor");
    if (next == page->MemberEnd() || !next->value.IsString()) break;
    pages.push_back(list + (list.find('?') == std::string::npos ? "?" : "&") + "cursor=" + next->value.GetString());
  }
  return pages;
}

struct question {
  std::string name;
  paths all; ///< asked in turn
};

std::string with(std::string_view path, std::string_view id) { return std::string{path} + std::string{id}; }

/// Everything that is asked. The ids are those of sessions that are there.
result<std::vector<question>> questions_for(asker& ask) {
  const auto sessions = ask.get_json("/v1/sessions?limit=" + std::to_string(subjects));
  if (!sessions) return tl::unexpected{sessions.error()};
  question session{"session", {}}, run{"run", {}}, outline{"run outline", {}}, of_session{"events of a session", {}};
  for (const auto& id : texts_in(*sessions, "sessions", "session_id")) {
    session.all.push_back(with("/v1/sessions/", id));
    of_session.all.push_back(with("/v1/events?session_id=", id));
    const auto detail = ask.get_json(session.all.back());
    if (!detail) return tl::unexpected{detail.error()};
    for (const auto& run_id : texts_in(*detail, "runs", "run_id"))
      run.all.push_back(with("/v1/runs/", run_id) + "?session_id=" + id);
  }
  for (const auto& path : run.all) outline.all.push_back(path + "&view=outline");
  if (run.all.empty()) return fail(fault::not_found, "there is no run to ask for; more --events are needed");
  auto events = pages_of(ask, "/v1/events");
  if (!events) return tl::unexpected{events.error()};
  auto lists = pages_of(ask, "/v1/sessions");
  if (!lists) return tl::unexpected{lists.error()};
  return std::vector<question>{
      {"events", {"/v1/events"}},
      {"events, pages", std::move(*events)},
      {"events of a type", {"/v1/events?event_type=run.end", "/v1/events?event_type=session.start"}},
      {"events of a framework", {"/v1/events?framework=codex"}},
      {"events of a host", {"/v1/events?host=host-1", "/v1/events?host=host-2"}},
      std::move(of_session),
      {"events with a word", {"/v1/events?q=configuration", "/v1/events?q=timeout"}},
      {"events with an absent word", {"/v1/events?q=nowhere"}},
      {"sessions", {"/v1/sessions"}},
      {"sessions, pages", std::move(*lists)},
      {"sessions of a status", {"/v1/sessions?status=success", "/v1/sessions?status=active"}},
      {"sessions of a host", {"/v1/sessions?host=host-1", "/v1/sessions?framework=codex&host=host-2"}},
      {"sessions by attention", {"/v1/sessions?order=attention", "/v1/sessions?order=attention&host=host-1"}},
      {"sessions of two statuses", {"/v1/sessions?status=error,waiting"}},
      {"sessions with a word", {"/v1/sessions?q=configuration", "/v1/sessions?q=host-1"}},
      {"sessions with an absent word", {"/v1/sessions?q=nowhere"}},
      std::move(session),
      {"runs", {"/v1/runs"}},
      {"runs of a status", {"/v1/runs?status=error", "/v1/runs?status=active,waiting"}},
      {"runs of an agent", {"/v1/runs?framework=codex&client_id=host-1&host=host-1", "/v1/runs?host=host-2"}},
      {"agents", {"/v1/agents?window=1h", "/v1/agents?window=24h", "/v1/agents?window=7d"}},
      std::move(run),
      std::move(outline),
      {"summary", {"/v1/stats/summary"}},
      {"timeseries",
       {"/v1/stats/timeseries?window=1h", "/v1/stats/timeseries?window=24h", "/v1/stats/timeseries?window=7d"}},
      {"tools", {"/v1/stats/tools?window=24h"}},
      {"marks", {"/v1/stats/marks?window=7d"}},
      {"vms", {"/v1/vms"}},
  };
}

result<query_figures> measure(asker& ask, const question& q, std::chrono::milliseconds time) {
  query_figures figures{q.name, q.all.back(), 0, {}};
  stopwatch times;
  size_t bytes = 0;
  const auto begin = steady::now();
  while (times.size() < questions && (times.size() == 0 || steady::now() - begin < time)) {
    if (interrupt::requested()) return fail(fault::stopping, "interrupted");
    const auto asked = steady::now();
    const auto body = ask.get(q.all[times.size() % q.all.size()]);
    if (!body) return tl::unexpected{body.error()};
    times.add(steady::now() - asked);
    bytes += body->size();
  }
  figures.answer_bytes = bytes / times.size();
  figures.answers = times.summary();
  return figures;
}

} // namespace

result<std::vector<query_figures>> run_queries(const endpoint& query, std::chrono::milliseconds time,
                                               const std::function<void(std::string_view)>& tick) {
  asker ask{query};
  const auto all = questions_for(ask);
  if (!all) return tl::unexpected{all.error()};
  std::vector<query_figures> measured;
  for (const auto& q : *all) {
    tick(q.name);
    auto figures = measure(ask, q, time);
    if (!figures) return tl::unexpected{figures.error()};
    measured.push_back(std::move(*figures));
  }
  return measured;
}

} // namespace agentmon::bench
