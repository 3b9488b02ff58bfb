#pragma once
#include <string>

namespace agentmon::monitor {

/// The life of a helper process (helper.hpp): answers the questions that come on service::held_descriptor, one after
/// the other, through libvirt, until its parent closes it. The program calls this when helper_command is its first
/// word. Gives the exit status.
int run_helper(const std::string& uri);

} // namespace agentmon::monitor
