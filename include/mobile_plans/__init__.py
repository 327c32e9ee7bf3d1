"""Operations of the Mobile Plans program: launches, monitoring, incidents, maintenance, reports."""
