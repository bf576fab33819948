Profile: CpIsCareTeam
Parent: CareTeam
Id: CpIs-CareTeam
Title: "Plan as a care team"
Description: "A plan in the form of NHS England's 2023 design: category is its kind, name its council. Read only."
* insert Closed
* insert NoExtension
* obeys cpis-closed-1
* identifier 0..1
* status 1..1
* category 1..1
* category from CpIsPlanKind (required)
* category.coding 1..1
* category.text 0..0
* name 1..1
* insert PersonReference(subject)
* encounter 0..0
* period 1..1
* period.start 1..1
* period.start obeys cpis-date-1
* period.end obeys cpis-date-1
* participant 0..0
* reasonCode 0..0
* reasonReference 0..0
* managingOrganization 0..1
* telecom.system 1..1
* telecom.system = #phone
* telecom.value 1..1
* telecom.use 1..1
* telecom.use from CpIsTelephoneUse (required)
* note 0..0
