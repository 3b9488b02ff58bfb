#include "postgres_fixture.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;
using test::must;
using queue = connection::statement_queue;

TEST_CASE("a pipeline's answers come in the order of its statements") {
  const test::database db;
  auto link = db.connect();
  CHECK(must(link.pipeline([](const queue&) {})).empty());
  for (int round = 0; round < 2; ++round) { // prepared, and known
    const auto answers = must(link.pipeline([](const queue& run) {
      for (int64_t i = 0; i < 3; ++i) run("SELECT $1 + 1", parameters{i});
      run("SELECT 'last'", parameters{});
    }));
    REQUIRE(answers.size() == 4);
    for (int i = 0; i < 3; ++i) CHECK(answers[static_cast<size_t>(i)].get<int64_t>(0, 0) == i + 1);
    CHECK(answers.back().get<std::string>(0, 0) == "last");
  }
}

TEST_CASE("a pipeline whose questions and answers fill every buffer does not lock itself up") {
  const test::database db;
  auto link = db.connect();
  const std::string large(4'000'000, 'x');
  const auto answers = must(link.pipeline([&](const queue& run) {
    for (int i = 0; i < 8; ++i) run("SELECT $1", parameters{large});
  }));
  REQUIRE(answers.size() == 8);
  CHECK(answers.back().get<std::string>(0, 0) == large);
}

TEST_CASE("the first failure of a pipeline is told, and nothing behind it is run") {
  const test::database db;
  auto link = db.connect();
  must(link.exec("CREATE TABLE seen (number bigint UNIQUE)"));
  must(link.exec("BEGIN"));
  const auto failed = link.pipeline([](const queue& run) {
    run("INSERT INTO seen VALUES ($1)", parameters{int64_t{1}});
    run("INSERT INTO seen VALUES ($1)", parameters{int64_t{1}});
    run("INSERT INTO seen SELECT $1 / 0", parameters{int64_t{1}});
  });
  REQUIRE(!failed);
  CHECK(failed.error().code == fault::duplicate);
  link.roll_back();
  CHECK(link.alive());
  CHECK(db.value("SELECT count(*) FROM seen") == "0");

  // The statement that was not even prepared then is now.
  must(link.exec("BEGIN"));
  must(link.pipeline([](const queue& run) {
    run("INSERT INTO seen VALUES ($1)", parameters{int64_t{2}});
    run("SELECT $1 / 1", parameters{int64_t{1}});
  }));
  const auto divided =
      link.pipeline([](const queue& run) { run("INSERT INTO seen SELECT $1 / 0", parameters{int64_t{1}}); });
  REQUIRE(!divided);
  CHECK(divided.error().code == fault::invalid);
  link.roll_back();
}

TEST_CASE("a pipeline whose connection ends fails, and says so") {
  const test::database db;
  auto link = db.connect();
  const auto failed = link.pipeline([](const queue& run) {
    run("SELECT pg_terminate_backend(pg_backend_pid())", parameters{});
    run("SELECT 1", parameters{});
  });
  REQUIRE(!failed);
  CHECK(failed.error().code == fault::unavailable);
  CHECK(!link.alive());
}
