#include "store/leases.hpp"
#include "store/parameters.hpp"
#include "tests/store/postgres_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

names sorted(names all) {
  std::sort(all.begin(), all.end());
  return all;
}

} // namespace

TEST_CASE("a machine is looked after by one monitor, always the same of those that ask, or another when that is gone") {
  const database made;
  auto db = made.connect();
  const names vms{"v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8"};
  const auto ask = [&](const std::string& monitor) { return sorted(must(ask_for_machines(db, monitor, vms, 15s))); };
  const auto pass = [&] {
    must(db.exec("UPDATE machine_leases SET asked = asked - interval '16 s', until = until - interval '16 s'",
                 parameters{}));
  };
  CHECK(ask("a") == vms); // alone
  CHECK(ask("b").empty());
  const auto kept = ask("a");
  CHECK(kept.size() < vms.size()); // no more time for those that b is preferred for
  CHECK_FALSE(kept.empty());
  names rest;
  std::set_difference(vms.begin(), vms.end(), kept.begin(), kept.end(), std::back_inserter(rest));
  CHECK(ask("b").empty()); // a's time is not over
  must(release_machines(db, "a", rest));
  CHECK(ask("b") == rest);
  CHECK(ask("a") == kept);

  pass(); // both are gone, and b comes back
  CHECK(ask("b") == vms);
  CHECK(ask("a").empty());
  CHECK(ask("b") == rest);
}
