#include "protocol/histogram.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace agentmon;

TEST_SUITE_BEGIN("time");

TEST_CASE("RFC 3339 times are read with their zone") {
  const std::pair<const char*, const char*> cases[] = {
      {"2026-03-13T12:00:00Z", "2026-03-13T12:00:00.000Z"},
      {"2026-03-13T12:00:00.123Z", "2026-03-13T12:00:00.123Z"},
      {"2026-03-13T12:00:00.123456789Z", "2026-03-13T12:00:00.123456Z"},
      {"2026-03-13t12:00:00.5+02:30", "2026-03-13T09:30:00.500Z"},
      {"2026-03-13 12:00:00-01:00", "2026-03-13T13:00:00.000Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
  };
  for (const auto& [text, want] : cases) {
    const auto at = parse_time(text);
    REQUIRE(at.has_value());
    CHECK(format_time(*at) == want);
  }
}

TEST_CASE("what is no RFC 3339 time is refused") {
  for (const char* text :
       {"", "2026-03-13", "2026-03-13T12:00:00", "2026-3-13T12:00:00Z", "2026-13-13T12:00:00Z", "2026-02-30T12:00:00Z",
        "2026-03-13T24:00:00Z", "2026-03-13T12:60:00Z", "2026-03-13T12:00:00.Z", "2026-03-13T12:00:00Zx",
        "2026-03-13T12:00:00+2:00", "2026-03-13T12:00:00+24:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00",
        "1970-01-01T00:30:00+01:00", "1773403200", "yesterday"})
    CHECK_MESSAGE(!parse_time(text).has_value(), text);
}

TEST_CASE("a UUID reads and writes back") {
  const auto id = parse_uuid("0195A4C2-1111-7abc-8def-0123456789ab");
  REQUIRE(id.has_value());
  CHECK(to_string(*id) == "0195a4c2-1111-7abc-8def-0123456789ab");
  for (const char* text : {"", "0195a4c2111174abc8def0123456789ab", "0195a4c2-1111-7abc-8def-0123456789ag",
                           "0195a4c2-1111-7abc-8def-0123456789abc", "{195a4c2-1111-7abc-8def-0123456789ab}"})
    CHECK_MESSAGE(!parse_uuid(text).has_value(), text);
}

TEST_CASE("made UUIDs are version 7, differ, and order by time") {
  std::set<uuid> all;
  for (int i = 0; i < 10'000; ++i) all.insert(make_uuid());
  CHECK(all.size() == 10'000);
  const auto id = to_string(*all.begin());
  CHECK(id[14] == '7');
  CHECK(std::string_view{"89ab"}.find(id[19]) != std::string_view::npos);
  CHECK(make_uuid(timestamp{std::chrono::hours{1}}) < make_uuid(timestamp{std::chrono::hours{2}}));
}

TEST_CASE("a quantile is within a fifth of the exact value") {
  CHECK(!quantile({}, 0.5).has_value());
  for (const int64_t ms : {1, 3, 40, 999, 60'000, 3'600'000}) {
    duration_histogram one;
    one.counts[bucket_of(ms * 1000)] = 1;
    const auto read = static_cast<double>(*quantile(one, 0.5));
    CHECK(read / (static_cast<double>(ms) * 1000) == doctest::Approx(1).epsilon(0.20));
  }
  duration_histogram many;
  for (int64_t ms = 1; ms <= 1000; ++ms) ++many.counts[bucket_of(ms * 1000)];
  CHECK(static_cast<double>(*quantile(many, 0.95)) == doctest::Approx(950'000).epsilon(0.20));
  CHECK(bucket_of(-5) == 0);
  CHECK(bucket_of(INT64_MAX) == duration_histogram::buckets - 1);
}

TEST_SUITE_END();
