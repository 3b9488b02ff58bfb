#pragma once
#include "actors/context.hpp"
#include "actors/messages.hpp"

#include <chrono>
#include <optional>
#include <string>

/// What a node tells of itself, as JSON: the same for the shell, for /v1/system and for scripts.
namespace agentmon {

/// How fast events come and are stored, from the counters of two moments.
class event_rates {
public:
  /// Called once a second.
  void look(const metrics&);

  std::optional<double> accepted() const { return per_second(&sample::accepted); }
  std::optional<double> stored() const { return per_second(&sample::stored); }
  /// Cores that this process keeps busy.
  std::optional<double> load() const { return per_second(&sample::processor); }

private:
  struct sample {
    std::chrono::steady_clock::time_point at;
    double accepted, stored, processor;
  };
  std::optional<double> per_second(double sample::*figure) const;
  std::optional<sample> newest_, older_;
};

/// {"checks":[...],"actors":[...],"lag":{...}}: this process, from inside. What its roles do not have is null.
std::string report_of(const node_context&, const event_rates&);

/// {"name",...,"state","heard","report":...}: a member as it is seen from here. `report` may be empty: unknown. `load`
/// is this process's own.
std::string to_json(const member&, const std::string& report, std::optional<double> load);

/// {"node":"...","settings":[{"name","value","from"}]}, without secrets.
std::string settings_of(const node_context&);

} // namespace agentmon
