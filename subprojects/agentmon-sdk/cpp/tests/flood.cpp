/// Tells 10,000 events from 50 threads, in three parts; before the second and the third it waits for a line. Prints
/// what was dropped. flood NAME [SPOOL]
#include <agentmon/sdk.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

int main(int count, char** arguments) {
  agentmon::sdk::emitter emitter({.framework = arguments[1], .spool = count > 2 ? arguments[2] : ""});
  for (const auto& part : {std::pair{0, 80}, {80, 160}, {160, 200}}) {
    std::string line;
    if (part.first > 0) std::getline(std::cin, line);
    std::vector<std::jthread> threads;
    for (int worker = 0; worker < 50; ++worker)
      threads.emplace_back([&emitter, &part, worker] {
        for (int number = part.first; number < part.second; ++number) {
          emitter.emit({"flood.tick", {{"worker", worker}, {"number", number}}});
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      });
  }
  emitter.close(std::chrono::minutes(1));
  std::cout << '{';
  for (const auto& [reason, count] : emitter.dropped()) std::cout << '"' << reason << "\":" << count;
  std::cout << "}\n";
}
