module agentmon

go 1.19
