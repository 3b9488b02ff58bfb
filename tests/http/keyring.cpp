#include "http/keyring.hpp"

#include "http/request.hpp"
#include "http/token.hpp"

#include <doctest/doctest.h>

namespace agentmon {
namespace {

struct nobody : outlet {
  void answer(std::vector<answered>) override {}
  void tunnel(connection_id, int32_t, std::string) override {}
};

struct ring {
  made_key make(const char* name, bool ingest, bool query) {
    auto made = make_access_key().value();
    made.key.name = name;
    made.key.may_ingest = ingest;
    made.key.may_query = query;
    all.push_back(made.key);
    return made;
  }
  void set() { keys.set(all, at); }
  /// The status with which a door lets this in (0) or refuses it.
  int knock(const door& to, std::string_view key, std::string_view target = "/", std::string raw = {}) {
    auto bytes = "GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n"
                 + (key.empty() ? "" : "Authorization: Bearer " + std::string{key} + "\r\n") + "\r\n";
    exchange asked{std::make_shared<nobody>(), connection_id{1}, *parse_request(bytes), {}, std::move(raw)};
    const auto refused = require_access(to)(asked);
    came_with = asked.key();
    asked.release();
    return refused ? refused->status : 0;
  }
  door to(access_scope scope) const { return {&keys, scope, {}, false}; }

  keyring keys;
  std::vector<access_key> all;
  timestamp at = now();
  std::shared_ptr<const known_key> came_with;
};

} // namespace

TEST_SUITE_BEGIN("keyring");

TEST_CASE_FIXTURE(ring, "a key lets in where its scope is, and is counted") {
  const auto sends = make("sends", true, false), asks = make("asks", false, true);
  CHECK(knock(to(access_scope::ingest), "") == 0);
  set();
  CHECK(knock(to(access_scope::ingest), "") == 401);
  CHECK(knock(to(access_scope::ingest), sends.text) == 0);
  REQUIRE(came_with);
  CHECK(came_with->about.name == "sends");
  CHECK(knock(to(access_scope::query), sends.text) == 403);
  CHECK(knock(to(access_scope::query), asks.text) == 0);
  CHECK(knock(to(access_scope::query), asks.text) == 0);
  for (const auto& key : keys.all()) {
    CHECK(key->counts->accepted == (key->about.name == "sends" ? 1 : 2));
    CHECK(key->counts->rejected == (key->about.name == "sends" ? 1 : 0));
  }
}

TEST_CASE_FIXTURE(ring, "a wrong secret is nobody's key") {
  const auto sends = make("sends", true, false);
  set();
  auto wrong = sends.text;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  CHECK(knock(to(access_scope::ingest), wrong) == 401);
  CHECK(knock(to(access_scope::ingest), "agentmon_") == 401);
  CHECK(keys.strangers() == 2);
  CHECK(keys.all().front()->counts->rejected == 0);
}

TEST_CASE_FIXTURE(ring, "a key ends by its revocation and by its expiry, and the door stays closed") {
  const auto revoked = make("revoked", true, false), expired = make("expired", true, false);
  set();
  all[0].revoked = at;
  all[1].expires = at + std::chrono::seconds{5};
  set();
  CHECK(knock(to(access_scope::ingest), revoked.text) == 401);
  const auto check = [&](timestamp when) {
    return keys.check(expired.text, sha_256(expired.text), access_scope::ingest, when).has_value();
  };
  CHECK(check(at + std::chrono::seconds{4}));
  CHECK(!check(at + std::chrono::seconds{5}));
  CHECK(knock(to(access_scope::ingest), "") == 401);
  CHECK(knock(to(access_scope::query), "") == 0);
  CHECK(keys.all().size() == 2);
}

TEST_CASE_FIXTURE(ring, "counters live on when the keys are read again") {
  const auto sends = make("sends", true, false);
  set();
  CHECK(knock(to(access_scope::ingest), sends.text) == 0);
  make("more", true, true);
  set();
  CHECK(knock(to(access_scope::ingest), sends.text) == 0);
  for (const auto& key : keys.all())
    if (key->about.name == "sends") CHECK(key->counts->accepted == 2);
}

TEST_CASE_FIXTURE(ring, "the token counts beside the keys, and a key is not taken from an address") {
  const auto asks = make("asks", false, true);
  set();
  auto at_query = to(access_scope::query);
  at_query.token = "secret";
  CHECK(knock(at_query, "secret") == 0);
  CHECK(!came_with);
  CHECK(knock(at_query, "secreT") == 401);
  CHECK(knock(at_query, asks.text) == 0);
  CHECK(knock(at_query, "", "/?token=secret", "raw") == 0);
  CHECK(knock(at_query, "", "/?token=" + asks.text, "raw") == 401);
}

TEST_CASE_FIXTURE(ring, "while nobody knows the keys, others wait and this machine does not") {
  const auto sends = make("sends", true, false);
  keys.await();
  auto open = to(access_scope::ingest);
  CHECK(knock(open, "") == 0);
  open.reached_by_others = true;
  CHECK(knock(open, "") == 503);
  CHECK(knock(open, sends.text) == 503);
  open.token = "secret";
  CHECK(knock(open, "secret") == 0);
  CHECK(knock(open, sends.text) == 503);
  CHECK(knock(open, "") == 401);
  set();
  CHECK(knock(open, sends.text) == 0);
  CHECK(!keys.awaited());
}

TEST_SUITE_END();

} // namespace agentmon
