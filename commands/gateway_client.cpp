#include "commands/gateway_client.hpp"

#include <httplib.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <random>

namespace agentmon {
namespace {

using std::chrono::milliseconds;

std::string text(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  return found != object.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

std::vector<rejection> rejections(const rapidjson::Value& object, const char* key) {
  std::vector<rejection> all;
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsArray()) return all;
  for (const auto& each : found->value.GetArray()) {
    if (!each.IsObject()) continue;
    const auto index = each.FindMember("index");
    if (index == each.MemberEnd() || !index->value.IsUint64()) continue;
    all.push_back({index->value.GetUint64(), text(each, "field"), text(each, "message")});
  }
  return all;
}

/// The answer to a batch that was decided on (202, or 400 with a fault for each event); nothing for another body.
std::optional<batch_answer> parse_answer(int status, const std::string& body) {
  rapidjson::Document document;
  const auto& json = document.Parse(body.c_str());
  if (json.HasParseError() || !json.IsObject()) return std::nullopt;
  if (status == 202) {
    const auto accepted = json.FindMember("accepted");
    if (accepted == json.MemberEnd() || !accepted->value.IsUint64()) return std::nullopt;
    return batch_answer{accepted->value.GetUint64(), rejections(json, "rejected")};
  }
  const auto error = json.FindMember("error");
  if (error == json.MemberEnd() || !error->value.IsObject()) return std::nullopt;
  auto all = rejections(error->value, "details");
  if (all.empty()) return std::nullopt;
  return batch_answer{0, std::move(all)};
}

std::string message_of(const std::string& body) {
  rapidjson::Document document;
  const auto& json = document.Parse(body.c_str());
  if (json.HasParseError() || !json.IsObject()) return {};
  const auto error = json.FindMember("error");
  return error != json.MemberEnd() && error->value.IsObject() ? text(error->value, "message") : "";
}

std::string with_reason(std::string what, const std::string& body) {
  if (const auto reason = message_of(body); !reason.empty()) what += ": " + reason;
  return what;
}

failure refusal(const std::string& url, int status, const std::string& body) {
  if (status == 401 || status == 403)
    return {fault::invalid, url + " wants another token; set AGENTMON_INGEST_TOKEN or --token to the gateway's"};
  if (status == 404 || status == 405)
    return {fault::invalid, url + " is not a gateway of agentmon (it answered " + std::to_string(status)
                                + "); check the address and the port"};
  if (status == 202)
    return {fault::invalid, url + " answered 202, but not as a gateway of agentmon does; check the address"};
  return {fault::invalid, with_reason(url + " refused the batch with status " + std::to_string(status), body)};
}

bool is_temporary(int status) { return status == 408 || status == 429 || status >= 500; }

} // namespace

struct gateway_client::connection {
  httplib::Client http;
  httplib::Headers headers;
};

/// How one try ended: with an answer, for good, or so that another one may help.
struct gateway_client::attempt {
  std::optional<batch_answer> answer;
  std::optional<failure> final;
  failure again;
  std::optional<milliseconds> retry_after;
};

gateway_client::gateway_client(options o)
    : options_{std::move(o)}, connection_{new connection{httplib::Client{options_.url}, {}}} {
  constexpr std::chrono::seconds connect_timeout{3};
  auto& http = connection_->http;
  http.set_keep_alive(true);
  http.set_tcp_nodelay(true);
  http.set_connection_timeout(connect_timeout);
  http.set_read_timeout(limits::answer_timeout + connect_timeout);
  http.set_write_timeout(limits::body_timeout);
  if (options_.token) connection_->headers.emplace("Authorization", "Bearer " + *options_.token);
}

gateway_client::~gateway_client() = default;
gateway_client::gateway_client(gateway_client&&) noexcept = default;

gateway_client::attempt gateway_client::try_once(const std::string& json) {
  attempt done;
  const auto got = connection_->http.Post("/v1/events", connection_->headers, json, "application/json");
  if (!got) {
    done.again = {fault::unavailable, options_.url + " cannot be reached (" + httplib::to_string(got.error()) + ")"};
    return done;
  }
  if (got->status == 202 || got->status == 400) done.answer = parse_answer(got->status, got->body);
  if (done.answer) return done;
  if (!is_temporary(got->status)) {
    done.final = refusal(options_.url, got->status, got->body);
    return done;
  }
  done.again = {got->status == 504 ? fault::timeout : fault::unavailable,
                with_reason(options_.url + " answered " + std::to_string(got->status), got->body)};
  const auto header = got->get_header_value("Retry-After");
  int seconds = 0;
  if (std::from_chars(header.data(), header.data() + header.size(), seconds).ec == std::errc{} && seconds >= 0)
    done.retry_after = std::chrono::seconds{seconds};
  return done;
}

milliseconds gateway_client::pause_before(int tries, const attempt& last) const {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto longest = milliseconds{limits::emit_retry_max};
  const auto grown = std::min(longest, milliseconds{limits::emit_retry_min} * (1 << std::min(tries, 10)));
  const auto jittered = milliseconds{std::uniform_int_distribution<int64_t>{grown.count() / 2, grown.count()}(random)};
  return last.retry_after.value_or(jittered);
}

result<batch_answer> gateway_client::post(const std::string& json) {
  const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
  for (int tries = 0;; ++tries) {
    auto last = try_once(json);
    if (last.answer) return std::move(*last.answer);
    if (last.final) return tl::unexpected{std::move(*last.final)};
    if (tries == 0 && options_.on_retry) options_.on_retry(last.again.message);
    const auto wait = pause_before(tries, last);
    if (std::chrono::steady_clock::now() + wait > deadline)
      return fail(last.again.code, last.again.message + "; gave up after " + std::to_string(tries + 1)
                                       + (tries == 0 ? " try" : " tries")
                                       + ". \"agentmon doctor\" on that host tells what is wrong");
    if (!options_.pause(wait)) return fail(fault::stopping, "interrupted while " + last.again.message);
  }
}

} // namespace agentmon
