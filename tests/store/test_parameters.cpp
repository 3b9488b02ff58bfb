#include "store/paging.hpp"
#include "store/reading.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;

namespace {

const timestamp noon = *parse_time("2026-03-13T12:12:34Z");

/// The sentence that a parser refuses its parameters with; empty when it takes them.
template <class Filter>
std::string refusal(result<Filter> (*parse)(const query_parameters&), const query_parameters& from) {
  const auto parsed = parse(from);
  if (parsed) return {};
  CHECK(parsed.error().code == fault::invalid);
  return parsed.error().message;
}

} // namespace

TEST_CASE("parameters that are absent have their defaults") {
  const auto events = parse_event_filter({});
  REQUIRE(events);
  CHECK(events->limit == 100);
  CHECK(events->event_type.empty());
  CHECK(!events->cursor);
  CHECK(parse_time_asked({}, noon)->window == "1h");
  CHECK(parse_runs_page({})->limit == 500);
  CHECK(parse_nothing({}));
}

TEST_CASE("parameters are taken") {
  const auto sessions =
      parse_session_filter({{"from", "2026-03-13T12:00:00+01:00"}, {"status", "stale"}, {"limit", "500"}});
  REQUIRE(sessions);
  CHECK(format_time(*sessions->from) == "2026-03-13T11:00:00.000Z");
  CHECK(sessions->statuses == std::vector<std::string>{"stale"});
  CHECK(sessions->limit == 500);
}

TEST_CASE("the time of a statistic is a window until now, or a range") {
  const auto asked = [](const query_parameters& given) {
    const auto time = parse_time_asked(given, noon);
    REQUIRE(time);
    return time->window + ' ' + format_time(time->from).substr(5, 11) + ' ' + format_time(time->to).substr(5, 11) + ' '
           + std::to_string(time->step.count());
  };
  CHECK(asked({}) == "1h 03-13T11:13 03-13T12:13 60");
  CHECK(asked({{"window", "6h"}}) == "6h 03-13T06:13 03-13T12:13 60");
  CHECK(asked({{"window", "24h"}}) == "24h 03-12T12:15 03-13T12:15 900");
  CHECK(asked({{"window", "7d"}}) == "7d 03-06T14:00 03-13T14:00 7200");
  CHECK(asked({{"from", "2026-03-13T12:00:30Z"}, {"to", "2026-03-13T12:01:10Z"}}) == " 03-13T12:00 03-13T12:01 60");
  CHECK(asked({{"from", "2026-03-13T06:00:00Z"}, {"to", "2026-03-13T12:00:00Z"}}) == " 03-13T06:00 03-13T12:00 60");
  CHECK(asked({{"from", "2026-03-13T06:00:30Z"}, {"to", "2026-03-13T12:00:10Z"}}) == " 03-13T06:00 03-13T12:00 900");
  CHECK(asked({{"from", "2026-03-01T06:00:30Z"}}) == " 03-01T06:00 03-13T12:12 7200");
  CHECK(asked({{"from", "2025-03-01T06:00:30Z"}, {"window", ""}}) == " 03-01T06:00 03-13T12:12 86400");
  const auto refused = [](const query_parameters& given) { return parse_time_asked(given, noon).error().message; };
  CHECK(refused({{"window", "1y"}}) == "window=1y is not allowed: 1h, 6h, 24h or 7d");
  CHECK(refused({{"window", "1h"}, {"from", "2026-03-13T12:00:30Z"}}).find("not both") != std::string::npos);
  CHECK(refused({{"to", "2026-03-13T12:00:30Z"}}).find("needs from") != std::string::npos);
  CHECK(refused({{"from", "2026-03-13T13:00:30Z"}}).find("must be before to") != std::string::npos);
  CHECK(refused({{"from", "2025-01-13T13:00:30Z"}}).find("more than 400 days") != std::string::npos);
}

TEST_CASE("to= ends a list of events as a cursor does") {
  const auto to = [](const query_parameters& given) { return format_time(parse_event_filter(given)->cursor->ts); };
  const auto cursor = encode_cursor({noon, to_string(uuid{})});
  CHECK(to({{"to", "2026-03-13T12:00:30Z"}}) == "2026-03-13T12:00:30.000Z");
  CHECK(to({{"to", "2026-03-13T12:00:30Z"}, {"cursor", cursor}}) == "2026-03-13T12:00:30.000Z");
  CHECK(to({{"to", "2027-03-13T12:00:30Z"}, {"cursor", cursor}}) == format_time(noon));
}

TEST_CASE("wrong parameters are refused in words that name them") {
  CHECK(refusal(parse_event_filter, {{"limit", "0"}}) == "limit=0 is not allowed: a whole number from 1 to 500");
  CHECK(refusal(parse_event_filter, {{"limit", "501"}}).starts_with("limit=501"));
  CHECK(refusal(parse_event_filter, {{"limit", "7x"}}).starts_with("limit=7x"));
  CHECK(refusal(parse_event_filter, {{"limit", "-1"}}).starts_with("limit=-1"));
  CHECK(refusal(parse_event_filter, {{"limit", "1"}, {"limit", "2"}}) == "the parameter limit is given more than once");
  CHECK(refusal(parse_event_filter, {{"typo", "1"}})
        == "there is no parameter typo here; allowed are event_type, framework, host, session_id, q, from, to, cursor, "
           "limit");
  CHECK(refusal(parse_event_filter, {{"cursor", "???"}}).starts_with("cursor=??? is not allowed"));
  CHECK(refusal(parse_event_filter, {{"cursor", "AAAA"}}).starts_with("cursor=AAAA is not allowed"));
  CHECK(refusal(parse_event_filter, {{"cursor", encode_cursor({now(), "no uuid"})}}).find("list of events")
        != std::string::npos);
  CHECK(refusal(parse_event_filter, {{"host", std::string(1, '\0')}}) == "the parameter host holds a NUL character");
  CHECK(refusal(parse_event_filter, {{"q", "\xff"}}) == "the parameter q is not UTF-8");
  CHECK(refusal(parse_session_filter, {{"cursor", encode_cursor({now(), "\xc3"})}}).find("next_cursor")
        != std::string::npos);
  CHECK(refusal(parse_event_filter, {{"q", std::string(1000, 'x')}}) == "q is longer than 512 bytes");
  CHECK(refusal(parse_session_filter, {{"from", "yesterday"}})
            .starts_with("from=yesterday is not allowed: must be an RFC 3339"));
  CHECK(refusal(parse_session_filter, {{"status", "sad"}})
            .ends_with("waiting, error, stale, active, success, aborted or ended"));
  CHECK(refusal(parse_nothing, {{"a", "b"}}) == "there is no parameter a here; it takes none");
}

TEST_CASE("cursors come back as they were") {
  for (const std::string id : {"", "a", "ab", "abc", "\xc3\xa4/?&", "0d9c5df7-1111-2222-3333-444455556666"}) {
    const page_cursor place{*parse_time("2026-03-13T12:00:00.123456Z"), id};
    const auto text = encode_cursor(place);
    CHECK(text.find_first_of("+/=&?") == std::string::npos);
    const auto back = decode_cursor(text);
    REQUIRE(back);
    CHECK(back->ts == place.ts);
    CHECK(back->id == id);
  }
}
