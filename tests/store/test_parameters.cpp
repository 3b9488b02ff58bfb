#include "store/paging.hpp"
#include "store/reading.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;

namespace {

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
  CHECK(parse_window({})->name == "1h");
  CHECK(parse_runs_page({})->limit == 500);
  CHECK(parse_nothing({}));
}

TEST_CASE("parameters are taken") {
  const auto sessions =
      parse_session_filter({{"from", "2026-03-13T12:00:00+01:00"}, {"status", "stale"}, {"limit", "500"}});
  REQUIRE(sessions);
  CHECK(format_time(*sessions->from) == "2026-03-13T11:00:00.000Z");
  CHECK(sessions->status == "stale");
  CHECK(sessions->limit == 500);
  CHECK(parse_window({{"window", "7d"}})->step == std::chrono::hours{2});
}

TEST_CASE("wrong parameters are refused in words that name them") {
  CHECK(refusal(parse_event_filter, {{"limit", "0"}}) == "limit=0 is not allowed: a whole number from 1 to 500");
  CHECK(refusal(parse_event_filter, {{"limit", "501"}}).starts_with("limit=501"));
  CHECK(refusal(parse_event_filter, {{"limit", "7x"}}).starts_with("limit=7x"));
  CHECK(refusal(parse_event_filter, {{"limit", "-1"}}).starts_with("limit=-1"));
  CHECK(refusal(parse_event_filter, {{"limit", "1"}, {"limit", "2"}}) == "the parameter limit is given more than once");
  CHECK(refusal(parse_event_filter, {{"typo", "1"}})
        == "there is no parameter typo here; allowed are event_type, framework, host, session_id, q, cursor, limit");
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
  CHECK(
      refusal(parse_session_filter, {{"status", "sad"}}).ends_with("active, stale, success, error, aborted or ended"));
  CHECK(refusal(parse_window, {{"window", "1y"}}) == "window=1y is not allowed: 1h, 6h, 24h or 7d");
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
