#include "actors/ledger.hpp"

#include <doctest/doctest.h>

using agentmon::ledger;

TEST_SUITE_BEGIN("ledger");

TEST_CASE("neighbours take one entry and are committed one by one") {
  ledger l;
  for (uint64_t i = 0; i < 1000; ++i) l.add({10 + i, 500 + i});
  CHECK(l.size() == 1000);
  CHECK(l.last() == ledger::place{1009, 1499});
  CHECK(!l.commit(499).has_value());
  CHECK(l.commit(500) == 10);
  CHECK(l.commit(999) == 509);
  CHECK(l.size() == 500);
  CHECK(l.commit(5000) == 1009);
  CHECK(l.empty());
  CHECK(!l.commit(5000).has_value());
}

TEST_CASE("a record is committed only when all before it are") {
  ledger l;
  l.add({1, 50}); // sent again: its first copy lies further on than its successors'
  l.add({2, 20});
  l.add({3, 21});
  CHECK(!l.commit(30).has_value());
  CHECK(l.commit(50) == 3);
}

TEST_CASE("gaps from other nodes' records in between") {
  ledger l;
  l.add({1, 1});
  l.add({2, 3});
  l.add({5, 9});
  CHECK(l.commit(8) == 2);
  CHECK(l.last() == ledger::place{5, 9});
  l.clear();
  CHECK(!l.last().has_value());
}

TEST_SUITE_END();
