Extension: CpIsDueDate
Id: Extension-CpIs-DueDate
Title: "Expected due date"
Description: "The day an unborn child is expected. The plan is shown to health until 28 days after it."
Context: EpisodeOfCare
* extension 0..0
* value[x] only date
* value[x] 1..1
* value[x] obeys cpis-date-1
