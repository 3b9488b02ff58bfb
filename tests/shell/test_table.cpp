#include "shell/table.hpp"

#include <doctest/doctest.h>

using agentmon::shell::table;

TEST_CASE("columns are as wide as their widest cell, and numbers stand to the right") {
  table some{{"NODE"}, {"RUNS", true}, {"TITLE"}};
  some.add({"a", "7", "short"});
  some.add({"edge-west", "12,345", ""});
  CHECK(some.text()
        == "NODE         RUNS  TITLE\n"
           "a               7  short\n"
           "edge-west  12,345  -\n");
}

TEST_CASE("a character is as wide as another, however many bytes it has") {
  table some{{"A"}, {"B"}};
  some.add({"Müller…", "x"});
  some.add({"1234567", "y"});
  CHECK(some.text() == "A        B\nMüller…  x\n1234567  y\n");
}

TEST_CASE("a table without rows is its titles") {
  const table none{{"NODE"}, {"STATE"}};
  CHECK(none.empty());
  CHECK(none.text() == "NODE  STATE\n");
}
