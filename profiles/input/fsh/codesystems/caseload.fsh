CodeSystem: CpIsPlanName
Id: CpIs-PlanName
Title: "Plan name"
Description: "The names that council files use for the three kinds of plan: ours, and those of the V3 service."
* ^experimental = false
* ^caseSensitive = true
* #child-protection "Child protection plan"
* #looked-after "Looked after child"
* #unborn "Unborn child plan"
* #CPPIU "Child protection plan"
* #LACIU "Looked after child"
* #UCPIU "Unborn child plan"

CodeSystem: CpIsRemoval
Id: CpIs-Removal
Title: "Removal"
Description: "Why a council takes a plan back. Health callers are never shown it."
* ^experimental = false
* ^caseSensitive = true
* #error "Entered in error"
* #died "The child has died"
* #pregnancy-ended "The pregnancy has ended"
* #adopted "The child was adopted"
* #number-changed "The NHS number has changed"
