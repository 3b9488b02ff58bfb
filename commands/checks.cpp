#include "commands/doctor.hpp"
#include "commands/tcp_greeting.hpp"
#include "protocol/limits.hpp"
#include "protocol/time.hpp"
#include "settings/values.hpp"
#include "store/migrate.hpp"

#include <httplib.h>
#include <rapidjson/document.h>

#include <unistd.h>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

std::string gibibytes(uint64_t bytes) {
  const auto tenths = bytes * 10 / limits::GiB;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

/// The folder, or the one above it that exists already.
fs::path existing(fs::path folder) {
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  return folder;
}

std::string text(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  return found != object.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

/// What /readyz says: one finding for the port, and one for each thing that it depends on and that is not up.
std::vector<finding> told_by(const std::string& what, const std::string& url, const std::string& body) {
  rapidjson::Document document;
  const auto& json = document.Parse(body.c_str());
  if (json.HasParseError() || !json.IsObject() || text(json, "status").empty())
    return {{what, true, url + " answers, but not as agentmon does; another program has that port"}};
  const auto status = text(json, "status");
  std::vector<finding> findings{{what, status != "ready", url + " is " + status}};
  const auto checks = json.FindMember("checks");
  if (checks == json.MemberEnd() || !checks->value.IsArray()) return findings;
  for (const auto& each : checks->value.GetArray()) {
    if (!each.IsObject() || text(each, "state") == "up") continue;
    auto message = text(each, "state") + " since " + text(each, "since");
    if (const auto why = text(each, "message"); !why.empty()) message += ": " + why;
    findings.push_back({what + ": " + text(each, "name"), true, std::move(message)});
  }
  return findings;
}

finding compare_schema(store::connection& db) {
  const auto table = db.exec("SELECT count(to_regclass('schema_migrations'))", store::parameters{});
  if (!table) return {"schema", true, table.error().message};
  const auto newest = store::migrations().empty() ? 0 : store::migrations().back().version;
  int64_t applied = 0;
  if (table->get<int64_t>(0, 0) > 0) {
    const auto found = db.exec("SELECT coalesce(max(version), 0) FROM schema_migrations", store::parameters{});
    if (!found) return {"schema", true, found.error().message};
    applied = found->get<int64_t>(0, 0);
  }
  const auto is = "at step " + std::to_string(applied) + " of " + std::to_string(newest);
  if (applied < newest)
    return {"schema", true, is + "; a node with the role processor or query brings it up to date at its start"};
  if (applied > newest) return {"schema", true, is + ": the database belongs to a newer agentmon; use that version"};
  return {"schema", false, is};
}

finding compare_clocks(store::connection& db) {
  const auto asked = now();
  const auto answer = db.exec("SELECT clock_timestamp()", store::parameters{});
  if (!answer) return {"clock", true, answer.error().message};
  const auto there = answer->get<timestamp>(0, 0);
  const auto between = asked + (now() - asked) / 2;
  const auto skew = std::chrono::abs(std::chrono::duration_cast<std::chrono::milliseconds>(there - between));
  const auto is = std::to_string(skew.count()) + " ms between this clock and PostgreSQL's";
  if (skew > limits::doctor_clock_skew) return {"clock", true, is + "; let both hosts follow a time server (NTP)"};
  return {"clock", false, format_time(between) + ", " + is};
}

} // namespace

finding check_data_folder(const settings& s) {
  const auto& folder = s.data_dir;
  const auto at = existing(folder);
  if (::access(at.c_str(), W_OK | X_OK) != 0)
    return {"data folder", true, at.string() + " cannot be written to; change its owner, or set AGENTMON_DATA_DIR"};
  std::error_code error;
  const auto space = fs::space(at, error);
  if (error) return {"data folder", true, at.string() + ": " + error.message()};
  auto message = folder.string() + (at == folder ? "" : " (made at the first start)") + ", "
                 + gibibytes(space.available) + " free";
  if (space.available < limits::doctor_free_bytes)
    return {"data folder", true,
            message + "; make room: at " + gibibytes(limits::disk_reserve) + " events are refused"};
  return {"data folder", false, message};
}

std::vector<finding> check_port(const std::string& what, const endpoint& at) {
  const auto url = local_url(at);
  httplib::Client http{url};
  http.set_connection_timeout(limits::doctor_http_timeout);
  http.set_read_timeout(limits::doctor_http_timeout);
  const auto got = http.Get("/readyz");
  if (!got)
    return {
        {what, true, "nobody answers at " + url + " (" + httplib::to_string(got.error()) + "); is agentmon started?"}};
  return told_by(what, url, got->body);
}

finding check_nats(const std::string& urls, std::chrono::milliseconds timeout) {
  const auto greeting = first_greeting(urls, timeout);
  const auto shown = without_credentials(urls);
  if (!greeting) return {"NATS", true, greeting.error().message + "; start it, or correct NATS_URL"};
  if (!greeting->starts_with("INFO "))
    return {"NATS", true, "somebody answers at " + shown + ", but not as NATS does; correct NATS_URL"};
  return {"NATS", false, shown + " answers"};
}

std::vector<finding> check_database(const std::string& connection_string) {
  auto db = store::connect(connection_string, limits::query_timeout);
  if (!db) return {{"PostgreSQL", true, db.error().message}};
  return {{"PostgreSQL", false, db->where() + " answers"}, compare_schema(*db), compare_clocks(*db)};
}

std::vector<finding> told(const store::verify_report& report) {
  std::vector<finding> findings;
  findings.push_back(
      {"verification", !report.differences.empty(),
       "read " + std::to_string(report.events) + " events; compared " + std::to_string(report.sessions) + " sessions, "
           + std::to_string(report.runs) + " runs, " + std::to_string(report.rollup_rows) + " rollup rows and "
           + std::to_string(report.machines) + " machines with them"
           + (report.kept_from ? "; days before " + format_time(*report.kept_from) + " were dropped" : "")});
  for (const auto& [table, difference] : report.differences) {
    findings.push_back(
        {"table " + table, true, std::to_string(difference.count) + " rows say something else than the events"});
    for (const auto& example : difference.examples) findings.push_back({"  in " + table, true, example});
  }
  return findings;
}

} // namespace agentmon
