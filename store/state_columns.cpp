#include "store/state_columns.hpp"

#include <array>

namespace agentmon::store {
namespace {

/// Takes the compound fields apart and passes on plain values: leaf(name, value).
template <class Leaf>
struct expand {
  Leaf leaf;

  template <class Plain>
  void operator()(const std::string& name, Plain& value) {
    leaf(name, value);
  }
  void operator()(const std::string& name, const std::optional<event_key>& key) {
    leaf(name + "_ts", key ? std::optional{key->ts} : std::nullopt);
    leaf(name + "_id", key ? std::optional{key->id} : std::nullopt);
  }
  void operator()(const std::string& name, const outcome& status) { leaf(name, to_string(status)); }
  void operator()(const std::string&, const tally& counts) {
    leaf("events", counts.events);
    leaf("spans", counts.spans);
    leaf("tool_calls", counts.tool_calls);
    leaf("errors", counts.errors);
  }
  void operator()(const std::string& prefix, const usage& used) {
    for_each_usage_field([&](auto field, const char* name) { leaf(prefix + name, used.*field); });
  }
};
template <class Leaf>
expand(Leaf) -> expand<Leaf>;

template <class T>
constexpr std::string_view array_type;
template <>
constexpr std::string_view array_type<std::string> = "text[]";
template <>
constexpr std::string_view array_type<std::string_view> = "text[]";
template <>
constexpr std::string_view array_type<int64_t> = "bigint[]";
template <>
constexpr std::string_view array_type<timestamp> = "timestamptz[]";
template <>
constexpr std::string_view array_type<uuid> = "uuid[]";
template <class T>
constexpr std::string_view array_type<std::optional<T>> = array_type<T>;

template <class State>
std::vector<std::string> column_names() {
  std::vector<std::string> names;
  const State empty;
  for_each_field(empty, expand{[&](const std::string& name, const auto&) { names.push_back(name); }});
  return names;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

template <class State>
constexpr bool is_run = std::is_same_v<State, run_state>;

template <class State>
std::string table_of() {
  return is_run<State> ? "runs" : "sessions";
}

template <class T>
void append_value(std::string& to, const T& value) {
  binary::append_field(to, value);
}
template <class T>
void append_value(std::string& to, const std::optional<T>& value) {
  if (value)
    binary::append_field(to, *value);
  else
    binary::append_null(to);
}

outcome parse_outcome(std::string_view word) {
  for (const auto status : {outcome::success, outcome::error, outcome::aborted})
    if (word == to_string(status)) return status;
  return outcome::none;
}

/// Fills one field after the other from a row.
struct reading {
  row_reader& from;
  template <class Plain>
  void operator()(const char*, Plain& value) {
    value = from.next<Plain>();
  }
  void operator()(const char*, std::optional<event_key>& key) {
    const auto ts = from.next<std::optional<timestamp>>();
    const auto id = from.next<std::optional<uuid>>();
    if (ts && id) key = event_key{*ts, *id};
  }
  void operator()(const char*, outcome& status) { status = parse_outcome(from.next<std::string_view>()); }
  void operator()(const char*, tally& counts) {
    for (auto* const count : {&counts.events, &counts.spans, &counts.tool_calls, &counts.errors})
      *count = from.next<int64_t>();
  }
  void operator()(const char*, usage& used) {
    for_each_usage_field([&](auto field, const char*) { used.*field = from.next<std::optional<int64_t>>(); });
  }
};

// How difference_of() shows a value.
std::string shown(std::string_view text) { return '"' + std::string{text} + '"'; }
std::string shown(int64_t number) { return std::to_string(number); }
std::string shown(timestamp at) { return format_time(at); }
std::string shown(const uuid& id) { return to_string(id); }
template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : "unknown";
}

template <class State>
std::vector<std::string> shown_fields(const State& state) {
  std::vector<std::string> values;
  for_each_field(state, expand{[&](const std::string&, const auto& value) { values.push_back(shown(value)); }});
  return values;
}

} // namespace

template <class State>
const std::string& column_list() {
  static const auto list = joined(column_names<State>(), ", ");
  return list;
}

template <class State>
State read_state(row_reader& from) {
  State state;
  for_each_field(state, reading{from});
  return state;
}

template <class State>
const std::string& copy_statement() {
  static const auto statement =
      "COPY " + table_of<State>() + " (" + column_list<State>() + ", status) FROM STDIN (FORMAT binary)";
  return statement;
}

template <class State>
void append_row(std::string& to, const State& state) {
  static const auto width = static_cast<int16_t>(column_names<State>().size() + 1);
  binary::append_integer(to, width);
  for_each_field(state, expand{[&](const std::string&, const auto& value) { append_value(to, value); }});
  append_value(to, status_of(state));
}

template <class State>
const std::string& update_statement() {
  static const auto statement = [] {
    auto names = column_names<State>();
    names.emplace_back("status");
    std::vector<std::string> values, updates;
    const State empty;
    const auto add = [&](std::string_view type) {
      values.push_back('$' + std::to_string(values.size() + 1) + "::" + std::string{type});
    };
    for_each_field(empty, expand{[&](const std::string&, const auto& value) {
                     add(array_type<std::remove_cvref_t<decltype(value)>>);
                   }});
    add("text[]");
    for (const auto& name : names)
      if (name != "session_id" && name != "run_id") updates.push_back(name + " = new." + name);
    return "UPDATE " + table_of<State>() + " AS present SET " + joined(updates, ", ") + "\nFROM unnest("
           + joined(values, ", ") + ") AS new (" + joined(names, ", ") + ")\nWHERE present.session_id = new.session_id"
           + (is_run<State> ? " AND present.run_id = new.run_id" : "");
  }();
  return statement;
}

template <class State>
parameters update_parameters(const std::vector<const State*>& states) {
  column_set columns{column_names<State>().size() + 1};
  for (const auto* const state : states) {
    size_t at = 0;
    for_each_field(*state, expand{[&](const std::string&, const auto& value) { columns[at++].push(value); }});
    columns[at].push(status_of(*state));
  }
  return columns.as_parameters();
}

template <class State>
std::string difference_of(const State& stored, const State& right) {
  const auto names = column_names<State>();
  const auto is = shown_fields(stored), must_be = shown_fields(right);
  std::string words;
  for (size_t at = 0; at < names.size(); ++at) {
    if (is[at] == must_be[at]) continue;
    if (!words.empty()) words += ", ";
    words += names[at] + " is " + is[at] + " but must be " + must_be[at];
  }
  return words;
}

template const std::string& column_list<run_state>();
template const std::string& column_list<session_state>();
template run_state read_state(row_reader&);
template session_state read_state(row_reader&);
template const std::string& copy_statement<run_state>();
template const std::string& copy_statement<session_state>();
template void append_row(std::string&, const run_state&);
template void append_row(std::string&, const session_state&);
template const std::string& update_statement<run_state>();
template const std::string& update_statement<session_state>();
template parameters update_parameters(const std::vector<const run_state*>&);
template parameters update_parameters(const std::vector<const session_state*>&);
template std::string difference_of(const run_state&, const run_state&);
template std::string difference_of(const session_state&, const session_state&);

} // namespace agentmon::store
