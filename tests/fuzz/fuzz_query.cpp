#include "check.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "http/splitter.hpp"
#include "protocol/limits.hpp"
#include "store/paging.hpp"
#include "store/reading.hpp"

#include <rapidjson/reader.h>

#include <string>

// A query string: each endpoint's parser gives a value that may go to PostgreSQL, or a refusal whose answer is JSON.
// The same bytes are also read as a cursor.
namespace agentmon::fuzz {
namespace {

using store::page_cursor;
using store::query_parameters;

bool is_json(std::string_view text) {
  rapidjson::MemoryStream stream{text.data(), text.size()};
  rapidjson::BaseReaderHandler<> nothing;
  return !rapidjson::Reader{}.Parse<rapidjson::kParseValidateEncodingFlag>(stream, nothing).IsError();
}

void check_refusal(const failure& why) {
  check(why.code == fault::invalid && !why.message.empty(), "a refusal says why");
  check(why.message.size() <= 1024, "a refusal is short");
  check(is_json(error(400, "invalid", why.message).body), "the answer is JSON in UTF-8");
}

/// What PostgreSQL takes as text.
void check_text(const std::string& value) {
  check(value.find('\0') == std::string::npos, "a value holds no NUL");
  check(is_utf_8(value), "a value is UTF-8");
}

void check_short(const std::string& value) {
  check_text(value);
  check(value.size() <= 4 * limits::id_characters, "a value has a bound");
}

void check_cursor(const std::optional<page_cursor>& cursor) {
  if (!cursor) return;
  check(cursor->ts >= timestamp{}, "a cursor's time is one that events have");
  check_text(cursor->id);
  const auto again = store::decode_cursor(store::encode_cursor(*cursor));
  check(again && again->ts == cursor->ts && again->id == cursor->id, "a cursor comes back as it was");
}

void check_limit(size_t limit) { check(limit >= 1 && limit <= limits::page_rows, "a page has a bound"); }

template <class Filter, class Check>
void check_parser(result<Filter> (*parse)(const query_parameters&), const query_parameters& from, Check check_filter) {
  const auto filter = parse(from);
  if (filter)
    check_filter(*filter);
  else
    check_refusal(filter.error());
}

result<store::series_filter> parse_series(const query_parameters& given) {
  return store::parse_series_filter(given, timestamp{std::chrono::hours{500'000}});
}

void check_parsers(const query_parameters& from) {
  check_parser(store::parse_event_filter, from, [](const store::event_filter& f) {
    for (const auto* text : {&f.event_type, &f.framework, &f.host, &f.session_id, &f.q}) check_short(*text);
    check_cursor(f.cursor);
    check_limit(f.limit);
  });
  check_parser(store::parse_session_filter, from, [](const store::session_filter& f) {
    for (const auto* text : {&f.framework, &f.host, &f.client_id, &f.q}) check_short(*text);
    check_cursor(f.cursor);
    check_limit(f.limit);
  });
  check_parser(store::parse_run_filter, from, [](const store::run_filter& f) {
    for (const auto* text : {&f.framework, &f.host, &f.client_id, &f.session_id}) check_short(*text);
    check_cursor(f.cursor);
    check_limit(f.limit);
  });
  check_parser(parse_series, from, [](const store::series_filter& f) {
    check_short(f.framework);
    check(f.time.from < f.time.to && f.time.to - f.time.from <= limits::range_longest, "a time has a bounded length");
    check((f.time.to - f.time.from) / f.time.step <= std::max<int64_t>(limits::series_points, 400), "as its chart has");
  });
  check_parser(store::parse_runs_page, from, [](const store::runs_page& page) {
    check_cursor(page.cursor);
    check_limit(page.limit);
  });
  check_parser(store::parse_run_view, from, [](const store::run_view& v) { check_short(v.session_id); });
  if (const auto none = store::parse_nothing(from); !none) check_refusal(none.error());
}

/// The parameters of a request with this query string, as the query port gets them.
std::optional<query_parameters> parameters_of(std::string_view query) {
  const auto bytes = "GET /v1/events?" + std::string{query} + " HTTP/1.1\r\nHost: x\r\n\r\n";
  if (splitter s; s.feed(bytes) != splitter::state::whole || s.length() != bytes.size()) return std::nullopt;
  const auto request = parse_request(bytes);
  if (!request) return std::nullopt;
  return query_parameters{request->params.begin(), request->params.end()};
}

} // namespace
} // namespace agentmon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace agentmon::fuzz;
  const auto input = text_of(data, size);
  check_cursor(agentmon::store::decode_cursor(exact_copy{input}.text()));
  if (const auto parameters = parameters_of(input)) check_parsers(*parameters);
  return 0;
}
