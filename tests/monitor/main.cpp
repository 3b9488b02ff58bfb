#define DOCTEST_CONFIG_IMPLEMENT
#include "monitor/helper_main.hpp"
#include "monitor/helper_messages.hpp"

#include <doctest/doctest.h>

/// As the program itself does, the tests become a helper process when they are started as one.
int main(int count, char** words) {
  if (count == 3 && words[1] == agentmon::monitor::helper_command) return agentmon::monitor::run_helper(words[2]);
  return doctest::Context{count, words}.run();
}
