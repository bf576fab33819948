Profile: CpIsCaseloadRow
Parent: Parameters
Id: CpIs-CaseloadRow
Title: "Caseload row"
Description: "One row of a council's upload as Parameters: the same names as the columns of the CSV file."
* implicitRules 0..0
* obeys cpis-closed-1
* parameter 1..*
* parameter ^slicing.discriminator.type = #value
* parameter ^slicing.discriminator.path = "name"
* parameter ^slicing.rules = #closed
* parameter contains
    row_id 1..1 and
    nhs_number 1..1 and
    family 1..1 and
    given 1..1 and
    other_given 0..1 and
    birth_date 1..1 and
    person_id 0..1 and
    plan 1..1 and
    start 1..1 and
    end 0..1 and
    due_date 0..1 and
    remove 0..1 and
    follows_row_id 0..1 and
    council 0..1
* parameter[row_id].name = "row_id" (exactly)
* parameter[row_id].value[x] 1..1
* parameter[row_id].value[x] only string
* parameter[row_id].value[x] ^maxLength = 64
* parameter[row_id].value[x] obeys cpis-text-1
* parameter[row_id].resource 0..0
* parameter[row_id].part 0..0
* parameter[nhs_number].name = "nhs_number" (exactly)
* parameter[nhs_number].value[x] 1..1
* parameter[nhs_number].value[x] only string
* parameter[nhs_number] obeys cpis-nhs-2
* parameter[nhs_number].resource 0..0
* parameter[nhs_number].part 0..0
* parameter[family].name = "family" (exactly)
* parameter[family].value[x] 1..1
* parameter[family].value[x] only string
* parameter[family].value[x] obeys cpis-text-1
* parameter[family].resource 0..0
* parameter[family].part 0..0
* parameter[given].name = "given" (exactly)
* parameter[given].value[x] 1..1
* parameter[given].value[x] only string
* parameter[given].value[x] obeys cpis-text-1
* parameter[given].resource 0..0
* parameter[given].part 0..0
* parameter[other_given].name = "other_given" (exactly)
* parameter[other_given].value[x] 1..1
* parameter[other_given].value[x] only string
* parameter[other_given].resource 0..0
* parameter[other_given].part 0..0
* parameter[birth_date].name = "birth_date" (exactly)
* parameter[birth_date].value[x] 1..1
* parameter[birth_date].value[x] only date
* parameter[birth_date].value[x] obeys cpis-date-1
* parameter[birth_date].resource 0..0
* parameter[birth_date].part 0..0
* parameter[person_id].name = "person_id" (exactly)
* parameter[person_id].value[x] 1..1
* parameter[person_id].value[x] only string
* parameter[person_id].value[x] ^maxLength = 64
* parameter[person_id].resource 0..0
* parameter[person_id].part 0..0
* parameter[plan].name = "plan" (exactly)
* parameter[plan].value[x] 1..1
* parameter[plan].value[x] only code
* parameter[plan].value[x] from CpIsPlanNames (required)
* parameter[plan].resource 0..0
* parameter[plan].part 0..0
* parameter[start].name = "start" (exactly)
* parameter[start].value[x] 1..1
* parameter[start].value[x] only date
* parameter[start].value[x] obeys cpis-date-1
* parameter[start].resource 0..0
* parameter[start].part 0..0
* parameter[end].name = "end" (exactly)
* parameter[end].value[x] 1..1
* parameter[end].value[x] only date
* parameter[end].value[x] obeys cpis-date-1
* parameter[end].resource 0..0
* parameter[end].part 0..0
* parameter[due_date].name = "due_date" (exactly)
* parameter[due_date].value[x] 1..1
* parameter[due_date].value[x] only date
* parameter[due_date].value[x] obeys cpis-date-1
* parameter[due_date].resource 0..0
* parameter[due_date].part 0..0
* parameter[remove].name = "remove" (exactly)
* parameter[remove].value[x] 1..1
* parameter[remove].value[x] only code
* parameter[remove].value[x] from CpIsRemovals (required)
* parameter[remove].resource 0..0
* parameter[remove].part 0..0
* parameter[follows_row_id].name = "follows_row_id" (exactly)
* parameter[follows_row_id].value[x] 1..1
* parameter[follows_row_id].value[x] only string
* parameter[follows_row_id].value[x] ^maxLength = 64
* parameter[follows_row_id].resource 0..0
* parameter[follows_row_id].part 0..0
* parameter[council].name = "council" (exactly)
* parameter[council].value[x] 1..1
* parameter[council].value[x] only string
* parameter[council].value[x] ^maxLength = 12
* parameter[council].resource 0..0
* parameter[council].part 0..0
