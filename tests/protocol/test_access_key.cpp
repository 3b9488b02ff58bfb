#include "protocol/access_key.hpp"
#include "protocol/hexadecimal.hpp"

#include <doctest/doctest.h>

using namespace agentmon;

TEST_SUITE_BEGIN("access key");

TEST_CASE("a key is made of its id and a secret, and only its SHA-256 is kept") {
  const auto one = make_access_key(), other = make_access_key();
  REQUIRE(one);
  REQUIRE(other);
  CHECK(one->text.size() == 86);
  CHECK(one->text.starts_with("agentmon_" + one->key.id + "_"));
  CHECK(id_in(one->text) == one->key.id);
  CHECK(one->key.digest == sha_256(one->text));
  CHECK(one->key.id != other->key.id);
  CHECK(one->text.substr(22) != other->text.substr(22));
  CHECK(hexadecimal(sha_256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("what is no key has no id") {
  const auto key = make_access_key()->text;
  for (const auto& text :
       {std::string{}, std::string{"open-sesame"}, key.substr(1), key + "0", key.substr(0, 85), std::string(86, 'x')})
    CHECK_MESSAGE(id_in(text).empty(), text);
}

TEST_CASE("a scope covers itself, and admin all") {
  access_key key;
  CHECK(!key.covers(access_scope::ingest));
  key.may_ingest = true;
  CHECK(key.covers(access_scope::ingest));
  CHECK(!key.covers(access_scope::query));
  key = {};
  key.may_query = true;
  CHECK(key.covers(access_scope::query));
  CHECK(!key.covers(access_scope::admin));
  key = {};
  key.is_admin = true;
  for (const auto scope : {access_scope::ingest, access_scope::query, access_scope::admin}) CHECK(key.covers(scope));
}

TEST_CASE("the file of keys says all of them again, and never a key") {
  auto plain = make_access_key(), full = make_access_key();
  plain->key.name = "a \"name\"";
  plain->key.may_query = true;
  full->key.name = "all";
  full->key.may_ingest = true;
  full->key.client_id = "zap";
  full->key.expires = parse_time("2027-01-02T03:04:05.678Z").value();
  full->key.revoked = parse_time("2026-05-06T07:08:09Z").value();
  for (auto* made : {&plain, &full}) made->value().key.created = parse_time("2026-01-01T00:00:00Z").value();
  const std::vector<access_key> keys{plain->key, full->key};
  const auto json = access_keys_json(keys);
  CHECK(json.find(plain->text.substr(22)) == std::string::npos);
  const auto again = parse_access_keys(json);
  REQUIRE(again);
  CHECK(*again == keys);
}

TEST_CASE("a file that is something else is refused as a whole") {
  const auto json = access_keys_json({make_access_key()->key});
  for (const auto& text : {std::string{}, std::string{"[]"}, std::string{"{}"}, json.substr(0, json.size() - 1),
                           std::string{R"({"keys":[{"id":"a","name":"b"}]})"},
                           std::string{R"({"keys":[{"id":"a","name":"b","sha_256":"00"}]})"},
                           std::string{json}.replace(json.find("\"created\":\"") + 11, 4, "then")}) {
    const auto parsed = parse_access_keys(text);
    REQUIRE_MESSAGE(!parsed, text);
    CHECK(parsed.error().code == fault::corrupt);
  }
  CHECK(parse_access_keys(access_keys_json({}))->empty());
}

TEST_SUITE_END();
